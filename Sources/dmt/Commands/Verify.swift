import ArgumentParser
import DMTCore
import DMTDistributed
import DMTManifest
import DMTRuntime
import DMTTraining
import Foundation

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows that a model on many ranks is the model in one process.",
    discussion: """
      The same batches of the training data run on a model in one process and on ranks that are threads, with dropout, with a \
      batch that the ranks do not divide evenly and with one that leaves ranks without samples. Three checks: embeddings where \
      they arrive, from the same tables; steps in float64 on the reference kernels, every gradient, weight and optimizer \
      state; gradients in float32 from equal weights. The tolerances are constants (docs/verify.md). Exit code 1 when a tensor \
      misses its tolerance.

      EXAMPLES
        dmt verify Examples/goodbooks/dmt-dcn-sptt.yaml --ranks 2x4
        dmt verify Examples/goodbooks/dcn.yaml --ranks 3x2 --strategy row_wise --all
        dmt verify m.yaml --ranks 4x2 --steps 5 --json
      """)

  @OptionGroup var manifest: ManifestOptions

  @Option(help: ArgumentHelp("Hosts and ranks on each.", valueName: "2x4"))
  var ranks: String

  @Option(help: ArgumentHelp("A sharding strategy instead of the manifest's.", valueName: "name"))
  var strategy: String?

  @Option(help: ArgumentHelp("Steps of each check.", valueName: "n"))
  var steps = 3

  @Option(help: ArgumentHelp("Samples of the largest global batch.", valueName: "n"))
  var batch = 96

  @Flag(help: "Print every tensor, not the worst ones alone.") var all = false
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  func validate() throws {
    if steps < 1 { throw ValidationError("--steps is \(steps), expected 1 or more") }
    if batch < 1 { throw ValidationError("--batch is \(batch), expected 1 or more") }
  }

  func run() throws {
    var passed = true
    try Console.reporting {
      let topology = try Topology(parsing: ranks)
      let installation = try Installation.load(
        plugins, threads: backends.threads ?? 1, manifest: manifest.manifest, overrides: manifest.overrides)
      try backends.check(installation.components)
      let loaded = try installation.manifest(manifest)
      let name = loaded.manifest.interconnect.name ?? "threads"
      guard let threads = installation.components.interconnects[name == "mpi" ? "threads" : name] else {
        throw DMTError(
          .notFound, "interconnect 'threads' is not here", remedy: "build the plugin InterconnectThreads with make")
      }
      let job = VerificationJob(
        loaded: loaded, components: installation.components, policy: backends.policy(loaded.manifest),
        interconnect: threads, topology: topology, strategy: strategy, steps: steps, batch: batch)
      let result = try job.run { Console.progress($0) }
      passed = result.report.passed
      Console.print(json ? try Console.json(result) : result.text(all: all))
    }
    if !passed { throw ExitCode(1) }
  }
}

extension VerificationJob.Result {
  /// The report as a table for people.
  fileprivate func text(all: Bool) -> String {
    var lines = [
      "\(report.topology) ranks, placed \(report.strategy), \(report.steps) steps of "
        + batches.map(String.init).joined(separator: ", ") + " samples", "",
    ]
    if report.lookup != .synchronous {
      lines.insert("lookups \(report.lookup.name), in one process too: rows are one update old on both sides", at: 1)
    }
    var rows: [[String]] = []
    for check in VerificationReport.Check.allCases {
      let items = report.items.filter { $0.check == check }
      // The worst three, and everything that failed.
      let worst = Set(items.sorted { $0.share > $1.share }.prefix(3).map(\.tensor))
      for item in items where all || !item.isWithin || worst.contains(item.tensor) { rows.append(Self.row(item)) }
      let left = items.count - rows.count { $0[0] == check.rawValue }
      if left > 0 { rows.append([check.rawValue, "\(left) more tensors", "", "", "all within"]) }
    }
    lines += TextTable.lines(
      header: ["check", "tensor", "error", "tolerance", ""], rows: rows, rightAligned: [2, 3])
    if let wire {
      lines += [
        "",
        "for information, what the wire (\(wire.forward) forward, \(wire.backward) backward) rounds off, as a share of a "
          + "tensor's largest number:",
        "  embeddings: at most \(Self.number(wire.embeddings)); gradients: at most \(Self.number(wire.gradients))",
      ]
    }
    let failed = report.items.count { !$0.isWithin }
    lines += [
      "",
      failed == 0
        ? "the same model: \(report.items.count) of \(report.items.count) comparisons within their tolerances"
        : "NOT the same model: \(failed) of \(report.items.count) comparisons miss their tolerances",
    ]
    return lines.joined(separator: "\n")
  }

  private static func row(_ item: VerificationReport.Item) -> [String] {
    [
      item.check.rawValue, item.tensor, number(item.error),
      item.largest.map { "\(number(item.tolerance)) x \(number($0))" }
        ?? (item.tolerance == 0 ? "equal" : number(item.tolerance)), item.isWithin ? "within" : "MISSED",
    ]
  }

  private static func number(_ value: Double) -> String {
    value == 0 ? "0" : String(format: "%.2e", value)
  }
}

extension VerificationReport.Item {
  /// The error as a share of what is allowed.
  fileprivate var share: Double {
    let allowed = tolerance * (largest ?? 1)
    return allowed > 0 ? error / allowed : error == 0 ? 0 : .infinity
  }
}
