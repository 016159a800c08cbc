import ArgumentParser
import DMTCases
import DMTCore
import DMTRuntime

struct OperatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "op", abstract: "Works with operators.",
    discussion: """
      EXAMPLES
        dmt op verify Tests/Cases/*.safetensors
      """, subcommands: [Verify.self])

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Runs cases, files of inputs and expected numbers, on the kernels found here and compares.",
      discussion: """
        A case is a safetensors file; PyTorch, NumPy or a vendor may have made it (docs/operators.md has the format). Exit code \
        1 when a case misses its tolerance, fails or is not served.

        EXAMPLES
          dmt op verify Tests/Cases/*.safetensors
          dmt op verify --backend onednn Tests/Cases/*.safetensors      # onednn first, then the default order
          dmt op verify --only native Tests/Cases/linear-*.safetensors  # nobody else may serve
        """)

    @Argument(help: "Case files.", completion: .file(extensions: ["safetensors"]))
    var cases: [String]

    @OptionGroup var backends: BackendOptions
    @OptionGroup var plugins: PluginOptions
    @Flag(help: "Print JSON, with every tensor.") var json = false
    @Flag(help: "Print only the cases that did not pass, and the sum.") var quiet = false

    func run() throws {
      var passed = false
      try Console.reporting {
        let installation = try Installation.load(plugins, threads: backends.threads)
        try backends.check(installation.components)
        let components = installation.components
        let names = backends.policy(nil).names
        var runner = CaseRunner(
          backends: names.compactMap { components.backends[$0] },
          embeddings: names.compactMap { components.embeddings[$0] },
          updates: names.compactMap { components.updates[$0] }, modules: ModuleExecutor(components: components),
          operators: { components.operators[$0] })
        runner.threads = installation.threads
        var report = CaseReport(cases.map { runner.run(path: $0) })
        passed = report.passed
        if json {
          Console.print(try report.json())
        } else if quiet {
          let summary = report.summary
          report.results.removeAll(where: \.passed)
          if !report.results.isEmpty { Console.print(report.table()) }
          Console.print(summary)
        } else {
          Console.print(report.table())
        }
      }
      if !passed { throw ExitCode(1) }
    }
  }
}
