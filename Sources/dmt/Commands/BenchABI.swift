import ArgumentParser
import DMTCore
import DMTManifest

extension Bench {
  struct ABI: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "abi",
      abstract: "Compares a call through the plugin contract with a direct call of the same kernel.",
      discussion: """
        The kernel doubles 16 numbers. It is called directly, as a plugin in C has it, and as a plugin in Swift with the kit has \
        it, in alternating rounds; what the contract adds is the difference within a round. Aim: under 150 ns.

        With a manifest also what that is of a training step: by count (calls into plugins x what one adds), and measured, by \
        rounds in which every call into a plugin is preceded by further ones that do nothing. Aim: under 1 %.

        Figures of a debug build mean nothing.

        EXAMPLES
          dmt bench abi
          dmt bench abi Examples/goodbooks/dmt-dcn.yaml --threads 1
          dmt bench abi --json
        """)

    @Argument(help: "A manifest, whose training step is measured too.", completion: .file(extensions: ["yaml", "yml"]))
    var manifest: String?
    @Option(
      name: .customLong("set"), parsing: .singleValue,
      help: ArgumentHelp("Change a value of the manifest.", valueName: "path=value"))
    var overrides: [String] = []
    @Option(help: "Rounds; the median and the extremes are of these.") var rounds = 15
    @Option(help: "Calls in each timed part of a round.") var calls = 200_000
    @Option(help: "Further calls before each call into a plugin, in every other part of a step's round.") var further =
      64
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var backends: BackendOptions
    @OptionGroup var plugins: PluginOptions

    func validate() throws {
      guard rounds >= 1, calls >= 1, further >= 1 else {
        throw ValidationError("--rounds, --calls and --further must be at least 1")
      }
    }

    func run() throws {
      try Console.reporting {
        #if DEBUG
          Console.note("note: this is a debug build, its figures mean nothing")
        #endif
        let kernels = try BenchKernels()
        let call = try CallBench.run(kernels, rounds: rounds, calls: calls)
        let step = try measureStep(kernels, call)
        if json {
          Console.print(try Console.json(Report(call: call, step: step)))
          return
        }
        Console.print(Self.text(call))
        if let step { Console.print("\n" + Self.text(step)) }
      }
    }

    private struct Report: Encodable {
      var call: CallBench.Result
      var step: ContractStepBench.Result?
    }

    private func measureStep(_ kernels: BenchKernels, _ call: CallBench.Result) throws(DMTError) -> ContractStepBench
      .Result?
    {
      guard let manifest else { return nil }
      let installation = try Installation.load(
        plugins, threads: backends.threads, manifest: manifest, overrides: overrides)
      try backends.check(installation.components)
      let loaded = try installation.manifest(path: manifest, overrides: overrides)
      // The kit's calls are the dearer ones, so the share is no less than that of any plugin.
      let bench = try ContractStepBench(
        loaded, installation: installation, policy: backends.policy(loaded.manifest), kernel: kernels.kit)
      return try bench.run(
        rounds: rounds, further: further,
        addedNanoseconds: max(call.tableNanoseconds.median, call.kitNanoseconds.median))
    }

    private static func text(_ result: CallBench.Result) -> String {
      var lines = [
        "an operator call in nanoseconds: median (least to most) of \(result.rounds) rounds of "
          + "\(Format.count(result.callsPerRound)) calls"
      ]
      lines += TextTable.lines(
        header: ["call", "ns"],
        rows: [
          ["direct", result.directNanoseconds.text(1)],
          ["added by the contract", result.tableNanoseconds.text(1)],
          ["added by the contract and the kit", result.kitNanoseconds.text(1)],
        ])
      return lines.joined(separator: "\n")
    }

    private static func text(_ result: ContractStepBench.Result) -> String {
      let share = Spread(
        [result.measuredShare.least, result.measuredShare.median, result.measuredShare.most].map { 100 * $0 })
      return """
        \(result.manifest), batch \(result.batch), \(result.threads) threads: \(result.stepMilliseconds.text(3)) ms a step, \
        \(result.calls) calls into plugins
        the contract's share: \(Format.fixed(100 * result.countedShare, 3)) % counted, \(share.text(3)) % measured, with \
        \(result.further) further calls a call in \(result.rounds) rounds of \(result.stepsPerRound) steps
        """
    }
  }
}
