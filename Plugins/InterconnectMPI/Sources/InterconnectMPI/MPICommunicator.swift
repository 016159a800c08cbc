import CMPI
import DMTPluginKit

/// A group of ranks with a communicator of MPI of its own. The engine's lock guards everything that changes.
final class MPICommunicator: Communicator {
  let ranks: [Int]
  let lane: Lane
  let members: Members
  let comm: dmt_mpi_comm
  /// The members' ranks in `comm`.
  let peers: [Int32]
  /// Of a meeting in a communicator that is not its own: the tag of its only collective.
  let meetingTag: Int32?
  let engine: MPIEngine
  let tuning: MPITuning
  private var started: UInt64 = 0
  private var underWay: [Operation] = []
  private var spare: [Operation] = []

  /// - Parameter meetingTag: nil: `comm` has the members alone.
  init(_ members: Members, lane: Lane, comm: dmt_mpi_comm, engine: MPIEngine, meetingTag: Int32? = nil) {
    ranks = members.ranks
    peers = (meetingTag == nil ? members.all : members.ranks).map { Int32($0) }
    self.meetingTag = meetingTag
    self.lane = lane
    self.members = members
    self.comm = comm
    self.engine = engine
    tuning = engine.tuning
    underWay.reserveCapacity(16)
    spare.reserveCapacity(16)
  }

  deinit {
    engine.locked {
      guard !underWay.isEmpty else { return }
      engine.fail(DMTError(.invalidArgument, "a communicator ended before its collectives were waited for"))
      for operation in underWay { engine.abandon(operation) }
    }
  }

  func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
    let collective = try Collective(checking: collective, members: members.count, own: members.own)
    return try engine.locked { () throws(DMTError) in
      if let failure = engine.failure { throw failure }
      // Tags repeat after 4096 collectives.
      guard underWay.count < 4000 else {
        throw DMTError(.invalidArgument, "4000 collectives are under way on one communicator", remedy: "wait for some")
      }
      started += 1
      let operation = spare.popLast() ?? Operation(self)
      operation.begin(collective, number: started)
      underWay.append(operation)
      engine.start(operation)
      return started
    }
  }

  func isDone(_ ticket: UInt64) throws(DMTError) -> Bool {
    try engine.locked { () throws(DMTError) in
      let operation = try find(ticket)
      _ = engine.poll()
      if operation.state == .done { return true }
      if let reason = engine.reason(operation) { throw reason }
      return false
    }
  }

  func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
    try engine.locked { () throws(DMTError) in
      let operation = try find(ticket)
      let failure = engine.finish(operation, milliseconds: timeoutMilliseconds)
      // An operation that failed may still be named by requests: it is not used again.
      underWay.removeAll { $0 === operation }
      if failure == nil {
        operation.state = .idle
        spare.append(operation)
      } else {
        engine.abandon(operation)
      }
      if let failure { throw failure }
    }
  }

  private func find(_ ticket: UInt64) throws(DMTError) -> Operation {
    for operation in underWay where operation.number == ticket { return operation }
    throw DMTError(.invalidArgument, "ticket \(ticket) is no collective of this rank that is under way")
  }
}
