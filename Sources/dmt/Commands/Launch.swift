import ArgumentParser
import DMTCore
import DMTManifest
import DMTPluginHost
import DMTTraining
import Foundation

struct Launch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a manifest's model on many ranks, and starts again after a failure.",
    discussion: """
      Ranks are threads of this process, or with --interconnect mpi processes that mpirun starts, here or on --hosts. All \
      ranks write to one run folder: rank 0 the run's own files, the others ranks/rank-N.jsonl. When a rank fails, all \
      others stop with an error within the manifest's `interconnect.timeout`; with --max-restarts the run goes on from its \
      last checkpoint. Ctrl-C writes a checkpoint and ends with exit code 130.

      EXAMPLES
        dmt launch --ranks 4x2 Examples/goodbooks/dmt-dcn-sptt.yaml
        dmt launch --ranks 1x4 --interconnect mpi Examples/goodbooks/dmt-dcn-sptt.yaml --out runs/sptt
        dmt launch --ranks 2x8 --interconnect mpi --hosts node1,node2 --max-restarts 3 big.yaml --out /shared/runs/big
        dmt launch --ranks 2x2 --resume runs/sptt
      """)

  @OptionGroup var options: NewRunOptions

  @Option(help: ArgumentHelp("Hosts and ranks on each.", valueName: "4x2"))
  var ranks: String

  @Option(
    help: ArgumentHelp(
      "What joins the ranks: threads or mpi; the default is the manifest's, else threads.", valueName: "name"))
  var interconnect: String?

  @Option(help: ArgumentHelp("Hosts for mpirun, separated by commas.", valueName: "names"))
  var hosts: String?

  @Option(help: ArgumentHelp("A host file for mpirun.", valueName: "file"))
  var hostfile: String?

  @Option(
    name: .customLong("mpirun"), parsing: .singleValue,
    help: ArgumentHelp("A further argument for mpirun: --mpirun=--oversubscribe.", valueName: "argument"))
  var launcherArguments: [String] = []

  @Option(help: ArgumentHelp("Go on from the last checkpoint after this many failures.", valueName: "n"))
  var maxRestarts = 0

  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  func validate() throws {
    if maxRestarts < 0 { throw ValidationError("--max-restarts is \(maxRestarts), expected 0 or more") }
    if hosts != nil, hostfile != nil { throw ValidationError("--hosts and --hostfile exclude each other") }
  }

  func run() throws {
    var exitCode: Int32 = 0
    try Console.reporting {
      InterruptFlag.install()
      let topology = try Topology(parsing: ranks)
      let changes = options.changes(backends)
      let path = options.manifestPath
      let threads = backends.threads ?? ThreadPool.usableCPUs
      let installation = try Installation.load(
        plugins, threads: max(1, threads / topology.rankCount), manifest: path, overrides: changes)
      try backends.check(installation.components)
      let loaded = try installation.manifest(path: path, overrides: changes)
      let folder = options.folder(name: loaded.manifest.name)
      let name = interconnect ?? loaded.manifest.interconnect.name ?? "threads"
      var training = RankedTraining(
        installation: installation, backends: backends, loaded: loaded, folder: folder,
        continues: options.resume != nil, replacing: options.replace, overrides: changes, maxSteps: options.maxSteps,
        locked: options.locked, topology: topology, interconnect: name)
      let engine = try training.engine()
      if engine.isEmbedded {
        let result = try Restarts(maxRestarts, folder: folder).run { continues throws(DMTError) in
          training.continues = continues || options.resume != nil
          return try training.run()
        }
        try training.summarise(result, json: options.json)
        exitCode = result.outcome.reason == .interrupted ? 130 : 0
      } else {
        exitCode = try launchProcesses(
          topology, folder: folder, changes: changes, name: name,
          timeoutSeconds: loaded.manifest.interconnect.timeoutSeconds)
      }
    }
    if exitCode != 0 { throw ExitCode(exitCode) }
  }

  // MARK: - Processes

  private func launchProcesses(
    _ topology: Topology, folder: RunFolder, changes: [String], name: String, timeoutSeconds: Int
  ) throws(DMTError) -> Int32 {
    let job = LaunchedJob(
      topology: topology, hosts: hosts, hostfile: hostfile, launcherArguments: launcherArguments, folder: folder,
      timeoutSeconds: timeoutSeconds)
    return try Restarts(maxRestarts, folder: folder).run { continues throws(DMTError) in
      let isResumed = continues || options.resume != nil
      var arguments =
        ["train"] + (isResumed ? ["--resume", folder.path] : [options.manifestPath, "--out", folder.path])
      arguments += ["--ranks", topology.description, "--set", "interconnect.name=\(name)"]
      arguments += changes.flatMap { ["--set", $0] } + plugins.arguments
      if options.replace, !isResumed { arguments.append("--replace") }
      if options.json { arguments.append("--json") }
      if options.locked { arguments.append("--locked") }
      if let maxSteps = options.maxSteps { arguments += ["--max-steps", String(maxSteps)] }
      if let backend = backends.backend { arguments += ["--backend", backend] }
      if let only = backends.only { arguments += ["--only", only] }
      return try job.run(arguments)
    }
  }
}

/// Runs something again, from the run folder's last checkpoint, as long as it fails and restarts are left.
struct Restarts {
  private let limit: Int
  private let folder: RunFolder

  init(_ limit: Int, folder: RunFolder) {
    self.limit = limit
    self.folder = folder
  }

  /// - Parameter attempt: is told whether the folder's run goes on.
  func run<Result>(_ attempt: (Bool) throws(DMTError) -> Result) throws(DMTError) -> Result {
    var failures = 0
    var continues = false
    while true {
      do throws(DMTError) {
        return try attempt(continues)
      } catch {
        failures += 1
        guard failures <= limit, Self.mayPass(error), FileManager.default.fileExists(atPath: folder.recordPath) else {
          throw error
        }
        Console.note(error.description)
        Console.note("restart \(failures) of \(limit), from the last checkpoint in \(folder.path)")
        continues = true
      }
    }
  }

  /// Another attempt may go better: the machine failed, not the manifest or the numbers.
  private static func mayPass(_ error: DMTError) -> Bool {
    [.interconnectFailed, .io, .pluginFailed, .internalError].contains(error.code)
  }
}
