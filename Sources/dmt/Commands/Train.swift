import ArgumentParser
import DMTComparison
import DMTCore
import DMTManifest
import DMTPluginHost
import DMTRuntime
import DMTTraining
import Foundation

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains the model of a manifest, or goes on with a run.",
    discussion: """
      The run folder receives the effective manifest, the record of the run, a log line for every step and evaluation, and \
      checkpoints. Ctrl-C writes a checkpoint and ends with exit code 130; --resume goes on where it stopped.

      With --ranks the model is spread over ranks that are threads of this process; started by mpirun or srun, over their \
      processes (`dmt launch` does both, and starts again after a failure).

      EXAMPLES
        dmt train Examples/goodbooks/dmt-dcn.yaml
        dmt train Examples/goodbooks/dmt-dcn.yaml --seed 1 --out runs/seed1 --set train.epochs=1
        dmt train --resume runs/seed1
        mpirun -n 4 dmt train Examples/goodbooks/dmt-dcn-sptt.yaml --out runs/sptt
      """)

  @Argument(help: "The manifest, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var manifest: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Change a value of the manifest: train.batch=1024.", valueName: "path=value"))
  var overrides: [String] = []

  @Option(help: ArgumentHelp("The run folder; the default is runs/NAME-TIME.", valueName: "folder"))
  var out: String?

  @Option(help: ArgumentHelp("Go on with the run in this folder.", valueName: "folder"))
  var resume: String?

  @Option(help: ArgumentHelp("The seed; the same as --set train.seed=N.", valueName: "n"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Stop after this many steps in all.", valueName: "n"))
  var maxSteps: Int?

  @Option(
    help: ArgumentHelp(
      "Spread the model over HOSTSxRANKS ranks; started by a launcher, the default is how it placed them.",
      valueName: "4x2"))
  var ranks: String?

  @Flag(help: "Replace the run that the folder holds.") var replace = false
  @Flag(help: "Print the outcome as JSON.") var json = false
  /// What `dmt compare` starts its runs with.
  @Flag(help: .hidden) var endWithParent = false
  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  func validate() throws {
    if manifest == nil, resume == nil { throw ValidationError("name a manifest, or a run folder with --resume") }
    if manifest != nil, resume != nil {
      throw ValidationError("--resume takes the manifest from the run folder; do not name another one")
    }
    if resume != nil, out != nil || seed != nil || replace {
      throw ValidationError("--out, --seed and --replace start a new run; they do not go with --resume")
    }
    if let maxSteps, maxSteps < 1 { throw ValidationError("--max-steps is \(maxSteps), expected 1 or more") }
  }

  func run() throws {
    var interrupted = false
    try Console.reporting {
      InterruptFlag.install()
      if endWithParent { ParentWatch.stopWithParent() }
      var changes = overrides
      if let seed { changes.append("train.seed=\(seed)") }
      if let threads = backends.threads { changes.append("train.threads=\(threads)") }
      let installation = try Installation.load(
        plugins, threads: backends.threads ?? LauncherEnvironment.current?.threadsPerRank,
        manifest: manifest ?? resume.map { RunFolder(path: $0).manifestPath },
        overrides: changes)
      try backends.check(installation.components)
      if let ranked = try rankedTraining(installation, changes) {
        let result = try ranked.run()
        try ranked.summarise(result, json: json)
        interrupted = result.outcome.reason == .interrupted
        return
      }
      let terminal = TerminalReport { Console.note($0) }
      let run: TrainingRun
      if let resume {
        let folder = RunFolder(path: resume)
        _ = try folder.record()
        let loaded = try installation.manifest(path: folder.manifestPath, overrides: changes)
        run = try TrainingRun.resume(
          folder, catalog: installation.catalog, components: installation.components,
          options: options(installation, backends.policy(loaded.manifest), terminal), overrides: changes)
      } else {
        let loaded = try installation.manifest(path: manifest ?? "", overrides: changes)
        let folder = RunFolder(path: out ?? Train.defaultFolder(name: loaded.manifest.name))
        run = try TrainingRun.create(
          loaded, in: folder, components: installation.components,
          options: options(installation, backends.policy(loaded.manifest), terminal), replacing: replace)
      }
      let outcome = try run.train()
      try summarise(run, outcome)
      interrupted = outcome.reason == .interrupted
    }
    if interrupted { throw ExitCode(130) }
  }

  /// nil: one process trains alone.
  private func rankedTraining(
    _ installation: Installation, _ changes: [String]
  ) throws(DMTError) -> RankedTraining? {
    let launcher = LauncherEnvironment.current
    guard ranks != nil || launcher != nil else { return nil }
    let topology = try ranks.map { text throws(DMTError) in try Topology(parsing: text) }
    let path = resume.map { RunFolder(path: $0).manifestPath } ?? manifest ?? ""
    let loaded = try installation.manifest(path: path, overrides: changes)
    return RankedTraining(
      installation: installation, backends: backends, loaded: loaded,
      folder: RunFolder(path: resume ?? out ?? Train.defaultFolder(name: loaded.manifest.name)),
      continues: resume != nil, replacing: replace, overrides: changes, maxSteps: maxSteps, topology: topology,
      isSpeaker: (launcher?.rank ?? 0) == 0)
  }

  private func options(
    _ installation: Installation, _ policy: BackendPolicy, _ terminal: TerminalReport
  ) -> TrainingOptions {
    TrainingOptions(
      policy: policy, program: "dmt \(HostServices.version)", plugins: installation.pluginRecords, maxSteps: maxSteps,
      report: { terminal.show($0) })
  }

  private func summarise(_ run: TrainingRun, _ outcome: RunRecord.Outcome) throws {
    if json {
      Console.print(try Console.json(outcome))
      return
    }
    TrainingSummary.print(outcome, folder: run.folder, on: "\(run.record.threads) threads")
    let explanation = try run.model.plan.explanation(
      name: run.record.name, batch: run.pipeline.manifest.train.batch, settings: run.model.settings,
      components: run.pipeline.components, measuresActivations: false)
    Console.print("served by:")
    for line in explanation.servers { Console.print("  " + line) }
  }

  /// `runs/NAME-TIME`.
  static func defaultFolder(name: String) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    return "runs/\(name)-\(formatter.string(from: Date()))"
  }
}

extension Explanation {
  /// A line for each backend: the operators that it serves, the tables and the updates.
  var servers: [String] {
    var operators: [String: [String: Int]] = [:]
    for node in nodes where node.backend != "none" { operators[node.backend, default: [:]][node.op, default: 0] += 1 }
    operators[tableBackend, default: [:]]["tables (\(tables.count))"] = 1
    operators[updateBackend, default: [:]]["dense update"] = 1
    return operators.sorted { $0.key < $1.key }.map { backend, counts in
      "\(backend): "
        + counts.sorted { $0.key < $1.key }.map { $0.value > 1 ? "\($0.key) x\($0.value)" : $0.key }
        .joined(separator: ", ")
    }
  }
}
