import DMTCore
import DMTMachine
import DMTManifest
import DMTPluginHost
import DMTRuntime
import DMTTraining
import Foundation

/// Trains on ranks: what `train` and `launch` share.
struct RankedTraining {
  var installation: Installation
  var backends: BackendOptions
  var loaded: LoadedManifest
  var folder: RunFolder
  /// True: the folder's run goes on.
  var continues: Bool
  var replacing = false
  var overrides: [String] = []
  var maxSteps: Int?
  /// Refuse what is not in the manifest's lock.
  var locked = false
  var topology: Topology?
  /// The name of an interconnect; nil: the manifest's, else the one that fits how this process was started.
  var interconnect: String?
  /// Speaks for all ranks: one line of progress, one summary.
  var isSpeaker = true

  /// Trains until the end.
  func run() throws(DMTError) -> RankedRun.Result {
    let section = loaded.manifest.interconnect
    folder.adviseAfterCrash()
    let terminal = TerminalReport { Console.note($0) }
    let engine = try self.engine()
    let policy = installation.policy(backends, loaded.manifest)
    let lock = locked ? try installation.requireLocked(loaded, policy: policy, interconnect: engine.name) : nil
    let options = TrainingOptions(
      policy: policy, program: "dmt \(HostServices.version)", plugins: installation.pluginRecords, maxSteps: maxSteps,
      lock: lock?.text, report: isSpeaker ? { terminal.show($0) } : { _ in })
    return try RankedRun(
      continues
        ? .continued(installation.catalog, overrides: overrides) : .new(loaded, replacing: replacing),
      in: folder, components: installation.components, options: options, topology: topology,
      interconnect: engine, timeoutSeconds: section.timeoutSeconds
    ).train()
  }

  /// The interconnect that joins the ranks.
  func engine() throws(DMTError) -> any Interconnect {
    let isLaunched = LauncherEnvironment.current != nil
    let name = interconnect ?? loaded.manifest.interconnect.name ?? (isLaunched ? "mpi" : "threads")
    guard let found = installation.components.interconnects[name] else {
      throw DMTError(
        .notFound, "interconnect '\(name)' is not here", place: loaded.manifest.interconnect.place,
        remedy: name == "mpi"
          ? "install Open MPI (apt-get install openmpi-bin libopenmpi-dev) and build the plugin InterconnectMPI with make"
          : Spelling.suggestion(for: name, in: installation.components.interconnects.keys)
            + "; `dmt plugin list --why` shows the plugins that were looked at")
    }
    if isLaunched, found.isEmbedded {
      throw DMTError(
        .invalidArgument,
        "a launcher started \(LauncherEnvironment.current?.rankCount ?? 0) processes, and interconnect '\(name)' makes its "
          + "ranks in one", remedy: "take `interconnect` out of the manifest, or start one process with --ranks")
    }
    return found
  }

  /// Prints the outcome, once for all ranks.
  func summarise(_ result: RankedRun.Result, json: Bool) throws {
    guard result.rank == 0 else { return }
    if json {
      Console.print(try Console.json(result.outcome))
      return
    }
    TrainingSummary.print(
      result.outcome, folder: result.folder, on: "\(result.topology) ranks, placed \(result.strategy)")
  }
}
