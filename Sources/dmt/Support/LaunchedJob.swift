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

  /// Starts `dmt ARGUMENTS` on every rank and waits.
  ///
  /// - Returns: 0, or 130 when the run was interrupted.
  /// - Throws: ``DMTError/Code/notFound`` without mpirun, ``DMTError/Code/interconnectFailed`` when a rank failed.
  func run(_ arguments: [String]) throws(DMTError) -> Int32 {
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
    while true {
      if let end = process.end() { return try code(of: end, isStopped: isStopped) }
      if InterruptFlag.isRaised, !isStopped {
        isStopped = true
        // mpirun passes this one on to its ranks, which write a checkpoint; a SIGTERM would end them first.
        process.send(SIGUSR1)
      }
      usleep(20_000)
    }
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
