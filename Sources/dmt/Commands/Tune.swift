import ArgumentParser
import DMTCore
import DMTMachine
import DMTManifest
import DMTPluginHost
import DMTRuntime
import DMTTraining
import Foundation

struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures every operator of a manifest's model on every backend here, and keeps who is the fastest.",
    discussion: """
      A batch of the training data runs through the model; every node is timed on every backend that the manifest may ask, at \
      its own shapes, forward and backward, by turns. Then whole steps are timed, and where one backend in front of the others \
      is faster than the mixture, its choice stands. The result is this machine's profile, kept for its CPU model and the \
      number of threads: later commands choose by it. Pins, --backend and DMT_BACKEND go before it, DMT_PROFILE=none leaves it \
      out. Ctrl-C leaves the old profile as it was.

      EXAMPLES
        dmt tune Examples/goodbooks/dmt-dcn.yaml
        dmt tune Examples/goodbooks/dmt-dcn.yaml --threads 1 --quick
        dmt tune m.yaml --json --out profile.json
      """)

  @OptionGroup var manifest: ManifestOptions

  @Flag(help: "Fewer and shorter samples: a first impression.") var quick = false

  @Option(
    help: ArgumentHelp("Keep the profile in this file; DMT_PROFILE names it to later commands.", valueName: "file"),
    completion: .file())
  var out: String?

  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  func run() throws {
    try Console.reporting {
      InterruptFlag.install()
      var overrides = manifest.overrides
      if let threads = backends.threads { overrides.append("train.threads=\(threads)") }
      let installation = try Installation.load(
        plugins, threads: backends.threads, manifest: manifest.manifest, overrides: overrides)
      try backends.check(installation.components)
      let loaded = try installation.manifest(path: manifest.manifest, overrides: overrides)
      let pipeline = try Pipeline(loaded, components: installation.components) { Console.progress($0) }
      let threads = installation.threads
      let store = out.map { ProfileStore(path: $0) } ?? ProfileStore(threads: threads)
      let progress = Progress()
      let result = try TuneJob(
        pipeline: pipeline, policy: backends.policy(loaded.manifest), threads: threads, effort: quick ? .quick : .full
      ).run { progress.show($0) }
      progress.clear()
      let plugins = installation.registry.kernelPlugins
      let path = try store.add(result.profile, plugins: plugins)
      if json {
        Console.print(try Console.json(Document(file: path, cpu: CPUModel.name, plugins: plugins, result: result)))
      } else {
        Console.print(result.text(name: loaded.manifest.name, threads: threads))
        Console.print("\nwrote \(path)")
      }
    }
  }

  /// What `--json` prints.
  private struct Document: Encodable {
    var file: String
    var cpu: String
    var plugins: [PluginRecord]
    var result: ModelTuner.Result
  }

  /// One line on a terminal that says what is measured.
  private final class Progress {
    private let clock = ContinuousClock()
    private let begin: ContinuousClock.Instant
    private var line = ProgressLine(now: 0)
    private var count = 0

    init() { begin = clock.now }

    func show(_ text: String) {
      count += 1
      let components = (clock.now - begin).components
      line.update(
        now: Double(components.seconds) + 1e-18 * Double(components.attoseconds), text: "measuring \(count): \(text)")
    }

    func clear() { line.clear() }
  }
}

extension ModelTuner.Result {
  /// The measurements as tables for people.
  fileprivate func text(name: String, threads: Int) -> String {
    var names: [String] = []
    for timing in profile.entries.flatMap(\.timings) where !names.contains(timing.backend) {
      names.append(timing.backend)
    }
    names.sort { ($0 == "reference" ? 1 : 0, $0) < ($1 == "reference" ? 1 : 0, $1) }
    let rows = profile.entries.map { entry in
      [
        entry.nodes.count == 1 ? entry.nodes[0] : "\(entry.nodes[0]) +\(entry.nodes.count - 1)",
        entry.key.text.split(separator: "/").first.map(String.init) ?? "",
        entry.backend
          + (entry.backend == entry.usual ? "" : " (was \(entry.usual))"),
      ]
        + names.map { name in entry.timings.first { $0.backend == name }.map(Self.cell) ?? "" }
    }
    var lines = [
      "\(name), batches of \(batch), \(threads) thread\(threads == 1 ? "" : "s"); medians of forward and backward in ms, "
        + "± half the quartile range", "",
    ]
    lines += TextTable.lines(
      header: ["node", "operator", "served by"] + names, rows: rows, rightAligned: Set(3..<3 + names.count))
    lines += ["", "whole steps of the dense part, forward and backward:"]
    let tuned = steps.first { $0.backend == "tuned" }
    lines += TextTable.lines(
      header: ["", "ms", ""],
      rows: steps.map { step in
        let ratio = tuned.map { step.total / max($0.total, 1e-12) } ?? 1
        return [
          step.backend == "tuned" ? "tuned" : "\(step.backend) first", Self.cell(step),
          step.backend == "tuned" ? "" : "the profile is \(Format.fixed(ratio, 2))x as fast",
        ]
      }, rightAligned: [1])
    if profile.entries.contains(where: \.isByStep) {
      lines.append("the mixture was slower than one backend in front: the profile takes that one's choices")
    }
    return lines.joined(separator: "\n")
  }

  private static func cell(_ timing: BackendProfile.Timing) -> String {
    let milliseconds = timing.total * 1e3
    return "\(Format.fixed(milliseconds, milliseconds < 1 ? 3 : 2)) ±\(Format.fixed(timing.spread * 100, 0))%"
  }
}
