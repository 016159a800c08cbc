import DMTPluginKit

/// A member's access to its group. Its ticket is the collective's number in the group.
final class ThreadCommunicator: Communicator {
  let ranks: [Int]
  private let group: Group
  private let member: Int
  private let world: ThreadWorld
  private var started: UInt64 = 0

  init(_ group: Group, member: Int, world: ThreadWorld) {
    ranks = group.ranks
    self.group = group
    self.member = member
    self.world = world
  }

  func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
    let collective = try Collective(checking: collective, members: ranks.count, own: member)
    if let failure = world.failure { throw failure }
    started += 1
    group.start(collective, number: started, member: member)
    return started
  }

  func isDone(_ ticket: UInt64) throws(DMTError) -> Bool {
    if let failure = world.failure { throw failure }
    guard let isDone = group.isDone(number: ticket, member: member) else {
      throw DMTError(.invalidArgument, "ticket \(ticket) is no collective of this rank that is under way")
    }
    return isDone
  }

  func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
    try group.wait(
      number: ticket, member: member, world: world,
      timeoutMilliseconds: timeoutMilliseconds > 0 ? timeoutMilliseconds : world.timeoutMilliseconds)
  }
}
