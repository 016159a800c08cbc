import DMTPluginHost
import Foundation

/// What a launcher of ranks (mpirun, srun) says to each process that it starts.
struct LauncherEnvironment {
  /// Ranks in all.
  let rankCount: Int
  /// Ranks on this machine.
  let localCount: Int
  /// This rank.
  let rank: Int

  /// nil: this process was started alone.
  static let current = LauncherEnvironment(ProcessInfo.processInfo.environment)

  init?(_ environment: [String: String]) {
    func number(_ names: String...) -> Int? { names.lazy.compactMap { environment[$0].flatMap { Int($0) } }.first }
    // Inside a Slurm allocation every process sees its size; only one that srun started has a rank and a step of its own.
    let isSlurmStep = environment["SLURM_STEP_ID"] != nil && environment["SLURM_PROCID"] != nil
    guard
      let rankCount = number("OMPI_COMM_WORLD_SIZE", "PMI_SIZE") ?? (isSlurmStep ? number("SLURM_NTASKS") : nil),
      let rank = number("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK") ?? number("SLURM_PROCID"), rankCount >= 1
    else { return nil }
    self.rankCount = rankCount
    self.rank = rank
    localCount = max(1, number("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE") ?? 1)
  }

  /// Threads of one rank: the machine's CPUs shared out among its ranks.
  var threadsPerRank: Int { max(1, ThreadPool.usableCPUs / localCount) }
}
