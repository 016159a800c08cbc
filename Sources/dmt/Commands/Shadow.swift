import ArgumentParser
import DMTCore
import DMTMachine
import DMTManifest
import DMTPluginHost
import DMTRuntime
import DMTTraining
import Foundation

struct Shadow: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a second backend, or another version of a plugin, beside the model's own and compares every node.",
    discussion: """
      Batches of the training data run through the model as it would train here; every node is computed by the other side too, \
      forward and backward, from the same inputs, parameters and gradients, so that a difference belongs to the node where it \
      is found. Tables are looked up by both. Exit code 1 when a difference is past its tolerance; the first such node is \
      named (docs/machines.md has the tolerances).

      EXAMPLES
        dmt shadow Examples/goodbooks/dmt-dcn.yaml --against reference
        dmt shadow Examples/goodbooks/dmt-dcn.yaml --against native --from runs/first --batches 20
        dmt shadow m.yaml --plugin build/new --against com.example.fast@1.2.0 --json
      """)

  @OptionGroup var manifest: ManifestOptions

  @Option(
    help: ArgumentHelp("A backend here, or PLUGIN@VERSION.", valueName: "backend"))
  var against: String

  @Option(
    help: ArgumentHelp("Begin with the weights of the run in this folder.", valueName: "folder"), completion: .directory
  )
  var from: String?

  @Option(help: ArgumentHelp("Batches to run.", valueName: "n"))
  var batches = 4

  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  func validate() throws {
    if batches < 1 { throw ValidationError("--batches is \(batches), expected 1 or more") }
  }

  func run() throws {
    var passed = true
    try Console.reporting {
      InterruptFlag.install()
      let installation = try Installation.load(
        plugins, threads: backends.threads, manifest: manifest.manifest, overrides: manifest.overrides)
      try backends.check(installation.components)
      let loaded = try installation.manifest(manifest)
      let side = try ShadowSide.named(
        against, components: installation.components, registry: installation.registry)
      let pipeline = try Pipeline(loaded, components: installation.components) { Console.progress($0) }
      let job = ShadowJob(
        pipeline: pipeline, policy: installation.policy(backends, loaded.manifest), threads: installation.threads,
        side: side, run: from.map { RunFolder(path: $0) }, batches: batches)
      let report = try job.report(progress: { Console.progress("batch \($0 + 1) of \(batches)") })
      guard report.compared > 0 else {
        throw DMTError(
          .unsupported, "'\(against)' serves no node of this model: nothing was compared",
          remedy: report.nodes.compactMap(\.reason).first)
      }
      passed = report.passed
      Console.print(json ? try Console.json(Document(against: side.name, report: report)) : report.text(side.name))
    }
    if !passed { throw ExitCode(1) }
  }

  /// What `--json` prints.
  private struct Document: Encodable {
    var against: String
    var passed: Bool
    var report: ShadowReport

    init(against: String, report: ShadowReport) {
      self.against = against
      self.report = report
      passed = report.passed
    }
  }
}

extension ShadowReport {
  /// The report as a table for people.
  fileprivate func text(_ against: String) -> String {
    var lines = [
      "\(batches) batch\(batches == 1 ? "" : "es"), \(samples) samples; worst differences as shares of each tensor's largest number",
      "",
    ]
    lines += TextTable.lines(
      header: ["node", "operator", "backend", "against", "forward", "backward", ""],
      rows: nodes.map { node in
        [
          node.name, node.op, node.backend, node.against ?? "-", Self.cell(node.forward), Self.cell(node.backward),
          node.against == nil ? "not served: \(node.reason ?? "")" : node.isWithin ? "within" : "PAST",
        ]
      })
    lines.append("")
    if let first {
      lines.append(
        "NOT the same: first '\(first.node)' (\(first.op)), \(first.phase.rawValue), \(first.worst.tensor), batch "
          + "\(first.worst.batch + 1): \(Self.number(first.worst.error)) is past \(Self.number(first.worst.tolerance))")
    } else {
      lines.append("the same within tolerances: \(compared) of \(nodes.count) nodes compared with \(against)")
    }
    return lines.joined(separator: "\n")
  }

  private static func cell(_ worst: Worst?) -> String {
    guard let worst else { return "" }
    return "\(number(worst.error)) of \(number(worst.tolerance))"
  }

  private static func number(_ value: Double) -> String {
    value == 0 ? "0" : value.isFinite ? String(format: "%.1e", value) : "infinite"
  }
}
