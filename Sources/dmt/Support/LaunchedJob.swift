import DMTCore
import DMTPluginHost
import DMTTraining
import Foundation

/// Ranks that are processes: mpirun with the right arguments, watched until it ends.
struct LaunchedJob {
  var topology: Topology
  var hosts: String?
  var hostfile: String?
  var launcherArguments: [String]
  /// Where the ranks say how they fare.
  var folder: RunFolder
  /// Seconds that a rank waits for another one.
  var timeoutSeconds: Int

  /// Seconds that mpirun has beside the ranks' timeout, to end after a rank failed.
  static let graceSeconds = 10

  /// Starts `dmt ARGUMENTS` on every rank and waits.
  ///
  /// An mpirun that is still there long after a rank failed, because it cannot reach a host, is ended with all that it started here.
  ///
  /// - Returns: 0, or 130 when the run was interrupted.
  /// - Throws: ``DMTError/Code/notFound`` without mpirun, ``DMTError/Code/interconnectFailed`` when a rank failed.
  func run(_ arguments: [String]) throws(DMTError) -> Int32 {
    // Before anything is started: a rank can fail at once.
    let before = folder.rankLogs()
    let process: TrainingProcess
    do throws(DMTError) {
      process = try TrainingProcess(
        executable: "mpirun", arguments: launch + [PluginSearchPath.executablePath] + arguments, output: nil)
    } catch {
      throw DMTError(
        .notFound, "mpirun cannot be started: \(error.message)",
        remedy: "install Open MPI (apt-get install openmpi-bin libopenmpi-dev), or take --interconnect threads")
    }
    var isStopped = false
    var failure: (rank: Int, seen: Date)?
    var checked = Date()
    while true {
      if let end = process.end() { return try code(of: end, isStopped: isStopped) }
      if InterruptFlag.isRaised, !isStopped {
        isStopped = true
        // mpirun passes this one on to its ranks, which write a checkpoint; a SIGTERM would end them first.
        process.send(SIGUSR1)
      }
      if Date().timeIntervalSince(checked) >= 1 {
        checked = Date()
        if failure == nil { failure = folder.failedRank(since: before).map { ($0, checked) } }
        if let failure, checked.timeIntervalSince(failure.seen) >= Double(timeoutSeconds + Self.graceSeconds) {
          throw end(process, after: failure.rank)
        }
      }
      usleep(20_000)
    }
  }

  /// Ends mpirun, which has not ended of itself.
  private func end(_ process: TrainingProcess, after rank: Int) -> DMTError {
    process.sendToGroup(SIGTERM)
    for _ in 0..<100 where process.end() == nil { usleep(20_000) }
    process.sendToGroup(SIGKILL)
    for _ in 0..<250 where process.end() == nil { usleep(20_000) }
    return DMTError(
      .interconnectFailed,
      "rank \(rank) failed, and mpirun did not end within \(timeoutSeconds + Self.graceSeconds) s: it was ended",
      remedy: "a host cannot be reached: look at its link; --max-restarts goes on from the last checkpoint")
  }

  private var launch: [String] {
    var launch = ["-np", String(topology.rankCount)]
    // Whoever runs this as root has decided so; mpirun would ask once more.
    if geteuid() == 0 { launch.append("--allow-run-as-root") }
    if let hosts {
      let slots = hosts.split(separator: ",").map { $0.contains(":") ? String($0) : "\($0):\(topology.ranksPerHost)" }
      launch += ["--host", slots.joined(separator: ",")]
    } else if let hostfile {
      launch += ["--hostfile", hostfile]
    } else {
      // All ranks on this machine, which may have fewer cores.
      launch += ["--oversubscribe"]
    }
    return launch + launcherArguments
  }

  private func code(of end: TrainingProcess.End, isStopped: Bool) throws(DMTError) -> Int32 {
    switch end {
    case .exit(0): return isStopped ? 130 : 0
    // A wrong manifest or bad data fail again however often they are tried: the rank has said what is wrong.
    case .exit(let code) where [64, 65, 66, 69, 78, 130].contains(code): return code
    case .exit(let code):
      throw DMTError(
        .interconnectFailed, "a rank failed: mpirun ended with exit code \(code)",
        remedy: "the ranks' own messages stand above; --max-restarts goes on from the last checkpoint")
    case .signal(let number):
      throw DMTError(.interconnectFailed, "mpirun was ended by signal \(number)")
    }
  }
}
