package import DMTPluginKit

/// Ranks are processes that a launcher started; MPI moves what they send.
package struct MPIInterconnect: Interconnect {
  package let name = "mpi"
  package let isEmbedded = false
  private let tuning: MPITuning

  /// - Parameter tuning: other than the usual one in tests.
  package init(tuning: MPITuning = MPITuning()) { self.tuning = tuning }

  package func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    let library = try MPIProcess.open(timeoutMilliseconds: timeoutMilliseconds)
    if let rankCount, rankCount != library.rankCount {
      throw DMTError(
        .interconnectFailed,
        library.rankCount == 1
          ? "this process was started alone, expected \(rankCount) ranks"
          : "\(library.rankCount) ranks were started, expected \(rankCount)",
        remedy: "start with mpirun -n \(rankCount) dmt ..")
    }
    let engine = MPIEngine(library, tuning: tuning, timeoutMilliseconds: timeoutMilliseconds)
    try engine.begin()
    MPIProcess.adopt(engine)
    return MPIWorld(engine)
  }
}

/// Sizes that decide how data are moved, not what arrives.
package struct MPITuning: Sendable {
  /// The most bytes of one message of MPI, whose counts have 32 bits.
  package var chunkBytes = 1 << 30
  /// An all_reduce of all members' elements together up to this size goes from everyone to everyone at once.
  package var smallReductionBytes = 16 << 10
  /// Let a reduction that spans hosts be reduced inside each of them first.
  package var reducesInsideHosts = true

  package init() {}
}
