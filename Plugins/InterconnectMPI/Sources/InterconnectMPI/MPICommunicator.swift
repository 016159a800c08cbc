import DMTPluginKit

/// A member's access to its group. Its ticket is the collective's number on this communicator.
final class MPICommunicator: Communicator {
  let ranks: [Int]
  private let engine: MPIEngine
  private let comm: OpaquePointer
  private let member: Int
  private let lane: Lane
  private let timeoutMilliseconds: Int
  private var started: UInt64 = 0
  private var underWay: [MPIOperation] = []

  init(
    _ engine: MPIEngine, comm: OpaquePointer, ranks: [Int], member: Int, lane: Lane, timeoutMilliseconds: Int
  ) {
    self.engine = engine
    self.comm = comm
    self.ranks = ranks
    self.member = member
    self.lane = lane
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
    let collective = try Collective(checking: collective, members: ranks.count, own: member)
    let operation = MPIOperation(
      collective, comm: comm, member: member, ranks: ranks, number: started + 1)
    try engine.begin(operation)
    started += 1
    underWay.append(operation)
    return started
  }

  func isDone(_ ticket: UInt64) throws(DMTError) -> Bool {
    let operation = try find(ticket)
    return try engine.isDone(operation)
  }

  func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
    let operation = try find(ticket)
    underWay.removeAll { $0 === operation }
    let milliseconds = timeoutMilliseconds > 0 ? timeoutMilliseconds : self.timeoutMilliseconds
    let title = CollectiveTitle(
      rank: ranks[member], kind: operation.collective.kind, number: operation.number, ranks: ranks, lane: lane)
    switch engine.wait(operation, milliseconds: milliseconds) {
    case .done: return
    case .late(let missing): throw title.missing(missing.map { ranks[$0] }, milliseconds: milliseconds)
    case .failed(let error): throw title.met(error)
    }
  }

  private func find(_ ticket: UInt64) throws(DMTError) -> MPIOperation {
    guard let operation = underWay.first(where: { $0.number == ticket }) else {
      throw DMTError(.invalidArgument, "ticket \(ticket) is no collective of this rank that is under way")
    }
    return operation
  }
}
