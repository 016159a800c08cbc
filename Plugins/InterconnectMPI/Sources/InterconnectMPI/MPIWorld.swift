import CMPI
import DMTPluginKit

/// The ranks that the launcher started.
final class MPIWorld: InterconnectWorld {
  private let engine: MPIEngine
  let rankCount: Int
  let ownRank: Int?
  let hostOfRank: [Int]

  init(_ engine: MPIEngine) {
    self.engine = engine
    rankCount = engine.library.rankCount
    ownRank = engine.library.rank
    hostOfRank = engine.library.hostOfRank
  }

  deinit { MPIProcess.close(engine) }

  func connect(rank: Int) throws(DMTError) -> any RankConnection {
    guard rank == ownRank else {
      throw DMTError(.invalidArgument, "this process is rank \(engine.library.rank), not rank \(rank)")
    }
    return MPIConnection(engine)
  }
}

/// This rank's access to the others.
final class MPIConnection: RankConnection {
  let rank: Int
  private let engine: MPIEngine
  private var made: [MeetingKey: Int] = [:]

  /// Communicators are alike in these.
  private struct MeetingKey: Hashable {
    let ranks: [Int]
    let lane: Lane
  }

  init(_ engine: MPIEngine) {
    self.engine = engine
    rank = engine.library.rank
  }

  func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
    guard let own = ranks.firstIndex(of: rank) else {
      throw DMTError(.invalidArgument, "rank \(rank) is not among ranks \(ranks)")
    }
    let members = Members(
      ranks: ranks, own: own, hostOfRank: engine.library.hostOfRank, splitsHosts: engine.tuning.reducesInsideHosts)
    let key = MeetingKey(ranks: ranks, lane: lane)
    let ordinal = made[key, default: 0]
    made[key] = ordinal + 1
    try meet(members, lane, ordinal)
    return try engine.locked { () throws(DMTError) in
      if let failure = engine.failure { throw failure }
      // In the world, where nothing else is sent: Open MPI makes it with messages that have the caller's tag.
      var comm = dmt_mpi_comm()
      try MPIProcess.check(
        dmt_mpi_create(dmt_mpi_world(), ranks.map { Int32($0) }, Int32(ranks.count), lane.rawValue, &comm),
        "MPI_Comm_create_group")
      return MPICommunicator(members, lane: lane, comm: comm, engine: engine)
    }
  }

  /// Waits until all members are about to make the communicator: MPI itself would wait for them without end.
  private func meet(_ members: Members, _ lane: Lane, _ ordinal: Int) throws(DMTError) {
    var hash: UInt32 = 2_166_136_261
    for number in members.ranks + [Int(lane.rawValue), ordinal] {
      hash = (hash ^ UInt32(truncatingIfNeeded: number)) &* 16_777_619
    }
    // Tag 1 is the abort's.
    let meeting = MPICommunicator(
      members, lane: lane, comm: engine.control, engine: engine, meetingTag: 2 + Int32(hash % 32_000))
    var barrier = dmt_collective()
    barrier.struct_size = UInt32(MemoryLayout<dmt_collective>.size)
    barrier.kind = DMT_BARRIER
    do throws(DMTError) {
      try meeting.wait(try meeting.start(&barrier), timeoutMilliseconds: 0)
    } catch {
      throw DMTError(error.code, "making a communicator: \(error.message)", remedy: error.remedy)
    }
  }

  func abort(_ message: String) { engine.locked { engine.abort(message) } }
}
