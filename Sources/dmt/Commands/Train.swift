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

  @OptionGroup var options: NewRunOptions

  @Option(
    help: ArgumentHelp(
      "Spread the model over HOSTSxRANKS ranks; started by a launcher, the default is how it placed them.",
      valueName: "4x2"))
  var ranks: String?

  /// What `dmt compare` starts its runs with.
  @Flag(help: .hidden) var endWithParent = false
  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  func run() throws {
    var interrupted = false
    try Console.reporting {
      InterruptFlag.install()
      if endWithParent { ParentWatch.stopWithParent() }
      let changes = options.changes(backends)
      let installation = try Installation.load(
        plugins, threads: backends.threads ?? LauncherEnvironment.current?.threadsPerRank,
        manifest: options.manifestPath, overrides: changes)
      try backends.check(installation.components)
      if let ranked = try rankedTraining(installation, changes) {
        let result = try ranked.run()
        try ranked.summarise(result, json: options.json)
        interrupted = result.outcome.reason == .interrupted
        return
      }
      let terminal = TerminalReport { Console.note($0) }
      let run: TrainingRun
      if let resume = options.resume {
        let folder = RunFolder(path: resume)
        _ = try folder.record()
        let loaded = try installation.manifest(path: folder.manifestPath, overrides: changes)
        run = try TrainingRun.resume(
          folder, catalog: installation.catalog, components: installation.components,
          options: trainingOptions(installation, backends.policy(loaded.manifest), terminal), overrides: changes)
      } else {
        let loaded = try installation.manifest(path: options.manifestPath, overrides: changes)
        run = try TrainingRun.create(
          loaded, in: options.folder(name: loaded.manifest.name), components: installation.components,
          options: trainingOptions(installation, backends.policy(loaded.manifest), terminal), replacing: options.replace
        )
      }
      run.folder.adviseAfterCrash()
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
    let loaded = try installation.manifest(path: options.manifestPath, overrides: changes)
    return RankedTraining(
      installation: installation, backends: backends, loaded: loaded,
      folder: options.folder(name: loaded.manifest.name), continues: options.resume != nil,
      replacing: options.replace, overrides: changes, maxSteps: options.maxSteps, topology: topology,
      isSpeaker: (launcher?.rank ?? 0) == 0)
  }

  private func trainingOptions(
    _ installation: Installation, _ policy: BackendPolicy, _ terminal: TerminalReport
  ) -> TrainingOptions {
    TrainingOptions(
      policy: policy, program: "dmt \(HostServices.version)", plugins: installation.pluginRecords,
      maxSteps: options.maxSteps,
      report: { terminal.show($0) })
  }

  private func summarise(_ run: TrainingRun, _ outcome: RunRecord.Outcome) throws {
    if options.json {
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
}

extension Explanation {
  /// A line for each backend: the operators that it serves, the tables and the updates.
  var servers: [String] {
    var operators: [String: [String: Int]] = [:]
    for node in nodes where node.backend != "none" { operators[node.backend, default: [:]][node.op, default: 0] += 1 }
    operators[tableBackend, default: [:]]["tables (\(tables.count))"] = 1
    operators[updateBackend, default: [:]]["dense update"] = 1
    if let tableRule { operators[tableRule, default: [:]]["table update"] = 1 }
    return operators.sorted { $0.key < $1.key }.map { backend, counts in
      "\(backend): "
        + counts.sorted { $0.key < $1.key }.map { $0.value > 1 ? "\($0.key) x\($0.value)" : $0.key }
        .joined(separator: ", ")
    }
  }
}
