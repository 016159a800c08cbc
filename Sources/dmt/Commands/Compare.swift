import ArgumentParser
import DMTComparison
import DMTCore
import DMTData
import DMTPluginHost
import DMTTraining
import Foundation

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains manifests with many seeds and tests which is better.",
    discussion: """
      Every manifest is trained with every seed; the first one is the baseline, against which each other one is tested \
      (Mann-Whitney U, two-sided, exact). OUT receives a run folder NAME/seed-K for every run, compare.json with all numbers, and \
      compare.svg. The same command goes on where it was stopped and trains no finished run again; with more seeds it \
      trains those alone.

      EXAMPLES
        dmt compare Examples/synthetic/dcn.yaml Examples/synthetic/dmt-dcn.yaml
        dmt compare flat.yaml towers.yaml --out study --threads 8 --jobs 4
        dmt compare a.yaml b.yaml c.yaml --seeds 5 --metric ne --split valid --json
      """)

  @Argument(help: "The manifests, the baseline first.", completion: .file(extensions: ["yaml", "yml"]))
  var manifests: [String]

  @Option(help: ArgumentHelp("Runs of each manifest.", valueName: "n"))
  var seeds = 9

  @Option(help: ArgumentHelp("The first seed; the others follow it.", valueName: "n"))
  var firstSeed: UInt64 = 1

  @Option(help: "What is compared: auc, logloss or ne.")
  var metric = "auc"

  @Option(help: "The samples that it is measured on: test or valid.")
  var split = "test"

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Change a value of every manifest: train.epochs=1.", valueName: "path=value"))
  var overrides: [String] = []

  @Option(help: ArgumentHelp("Where to write; the default is comparisons/A-vs-B.", valueName: "folder"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Runs at once; the threads are shared out among them. The default is one run a thread, as memory allows.",
      valueName: "n"))
  var jobs: Int?

  @Flag(help: "Print compare.json.") var json = false
  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  func validate() throws {
    if manifests.isEmpty { throw ValidationError("name the manifests to compare") }
    if let jobs, jobs < 1 { throw ValidationError("--jobs is \(jobs), expected 1 or more") }
    if let jobs, let threads = backends.threads, jobs > threads {
      throw ValidationError("--jobs is \(jobs), expected at most --threads, \(threads)")
    }
  }

  func run() throws {
    var failure: DMTError?
    try Console.reporting {
      InterruptFlag.install()
      let settings = try self.settings()
      let installation = try Installation.load(
        plugins, threads: 1, manifest: manifests.first, further: Array(manifests.dropFirst()), overrides: overrides)
      try backends.check(installation.components)
      let comparison = try Comparison(
        manifests, in: out, settings: settings, components: installation.components,
        policy: { backends.policy($0) },
        load: { (path, changes) throws(DMTError) in try installation.manifest(path: path, overrides: changes) },
        progress: { Console.progress($0) })
      let failures = try train(comparison)
      let report = try comparison.report(program: "dmt \(HostServices.version)", failures: failures)
      try write(report, to: comparison.folder)
      if json { Console.print(try report.json()) } else { summarise(report, folder: comparison.folder) }
      failure = failures.sorted { $0.key < $1.key }.first?.value
      if failure == nil, let run = report.manifests.flatMap(\.runs).first(where: { $0.value == nil }) {
        throw DMTError(
          .invalidData, run.error ?? "the run has no value", place: .init(file: run.folder),
          remedy: "compare by another metric, or on another split")
      }
    }
    if let failure { throw ExitCode(failure.code.exitCode) }
  }

  private func settings() throws(DMTError) -> ComparisonSettings {
    // A run's record has no groups, so no grouped AUC.
    let metrics = [EvaluationMetric.auc, .logloss, .ne]
    guard let metric = metrics.first(where: { $0.rawValue == metric }) else {
      throw DMTError(
        .invalidArgument, "there is no metric '\(metric)' to compare by",
        remedy: Spelling.suggestion(for: metric, in: metrics.map(\.rawValue)))
    }
    guard let split = SplitName(rawValue: split), split != .train else {
      throw DMTError(
        .invalidArgument, "a run does not measure '\(split)'",
        remedy: Spelling.suggestion(for: split, in: ["test", "valid"]))
    }
    return try ComparisonSettings(
      metric: metric, split: split, firstSeed: firstSeed, seedCount: seeds, overrides: overrides)
  }

  // MARK: - Training

  /// Trains what is not finished; the errors of runs that failed, by their folder.
  private func train(_ comparison: Comparison) throws(DMTError) -> [String: DMTError] {
    let pending = try comparison.pending()
    let (all, before) = (comparison.runs.count, comparison.runs.count - pending.count)
    for warning in comparison.warnings { Console.note("warning: \(warning)") }
    guard !pending.isEmpty else { return [:] }
    let threads = max(backends.threads ?? ThreadPool.usableCPUs, jobs ?? 1)
    let jobs = jobs ?? comparison.defaultJobs(threads: threads, pending: pending)
    let each = max(1, threads / jobs)
    Console.progress(
      "\(all) runs, \(before) of them finished before; \(jobs) at once, \(each) thread\(each == 1 ? "" : "s") each")
    var done = before
    let failures: [Int: DMTError]
    do throws(DMTError) {
      failures = try RunQueue(launch(threads: each), jobs: jobs).train(pending) { event in
        done += 1
        switch event {
        case .finished(let run, let outcome, let seconds):
          let result = comparison.settings.split == .test ? outcome.test : outcome.valid
          let value = result.flatMap { comparison.settings.metric.value(in: $0) }
          Console.progress(
            "[\(done)/\(all)] \(run.name) seed \(run.seed): \(metric) \(FigureText.figure(value)) "
              + "(\(Format.fixed(seconds, 1)) s)")
        case .failed(_, let error): Console.note(error.description)
        }
      }
    } catch {
      guard error.code == .cancelled else { throw error }
      let left = try comparison.pending().count
      throw DMTError(
        .cancelled, "the comparison was interrupted with \(all - left) of \(all) runs finished",
        place: .init(file: comparison.folder), remedy: "the same command goes on")
    }
    return Dictionary(
      failures.map { (pending[$0.key].folder.path, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  private func launch(threads: Int) -> RunQueue.Launch {
    var always = ["--json", "--end-with-parent", "--threads", String(threads)]
    if let backend = backends.backend { always += ["--backend", backend] }
    if let only = backends.only { always += ["--only", only] }
    always += plugins.arguments
    return RunQueue.Launch(
      executable: PluginSearchPath.executablePath, beginning: overrides.flatMap { ["--set", $0] }, always: always)
  }

  // MARK: - Results

  private func write(_ report: ComparisonReport, to folder: String) throws(DMTError) {
    let files = [("compare.json", try report.json() + "\n"), ("compare.svg", BoxPlot.svg(report))]
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for (name, text) in files {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"), options: .atomic)
      }
    } catch {
      throw DMTError(
        .io, "the comparison cannot be written: \((error as NSError).localizedDescription)",
        place: .init(file: folder), remedy: "make room; the same command trains no finished run again")
    }
  }

  private func summarise(_ report: ComparisonReport, folder: String) {
    for line in ComparisonTable.lines(report) { Console.print(line) }
    Console.print("wrote \(folder)/compare.json, compare.svg")
  }
}
