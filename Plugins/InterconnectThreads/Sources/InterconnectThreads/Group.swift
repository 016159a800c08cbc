import DMTPluginKit
import Glibc

/// Ranks that run collectives in the same order: what they have under way, in memory that they share.
final class Group: @unchecked Sendable {
  let ranks: [Int]
  let lane: Lane
  private let monitor = Monitor()
  private var underWay: [Slot] = []
  private var spare: [Slot] = []
  /// Members whose connection has ended.
  private var gone: [Bool]

  init(ranks: [Int], lane: Lane) {
    self.ranks = ranks
    self.lane = lane
    gone = Array(repeating: false, count: ranks.count)
    underWay.reserveCapacity(16)
    spare.reserveCapacity(16)
  }

  func wakeAll() {
    monitor.lock()
    monitor.broadcast()
    monitor.unlock()
  }

  func leave(_ member: Int) {
    monitor.lock()
    gone[member] = true
    monitor.broadcast()
    monitor.unlock()
  }

  /// Brings a member's data to its next collective.
  func start(_ collective: Collective, number: UInt64, member: Int) {
    monitor.lock()
    let slot = find(number) ?? open(number)
    slot.contributions[member].state = .copying
    monitor.unlock()
    slot.put(collective, as: member)
    monitor.lock()
    slot.contributions[member].state = .there
    slot.arrived += 1
    if slot.arrived == ranks.count { monitor.broadcast() }
    monitor.unlock()
  }

  /// Whether a member's collective is finished; does what is left of its reduction. nil: it has none of this number.
  func isDone(number: UInt64, member: Int) -> Bool? {
    monitor.lock()
    defer { monitor.unlock() }
    guard let slot = find(number), slot.contributions[member].state == .there else { return nil }
    guard slot.arrived == ranks.count else { return false }
    guard slot.contributions[member].kind.reduces, slot.mismatch(member) == nil else { return true }
    work(on: slot, member)
    return slot.donePieces == slot.pieces(member).count
  }

  /// Waits for the other members and copies the results out.
  ///
  /// - Throws: the failure of the world, or what keeps the collective from ending.
  func wait(number: UInt64, member: Int, world: ThreadWorld, timeoutMilliseconds: Int) throws(DMTError) {
    let deadline = Monitor.deadline(milliseconds: timeoutMilliseconds)
    monitor.lock()
    guard let slot = find(number), slot.contributions[member].state == .there else {
      monitor.unlock()
      throw DMTError(.invalidArgument, "ticket \(number) is no collective of this rank that is under way")
    }
    let failure = problem(of: slot, member, world, deadline, timeoutMilliseconds)
    if failure == nil {
      monitor.unlock()
      slot.take(as: member)
      monitor.lock()
    }
    slot.contributions[member].state = .left
    slot.left += 1
    if slot.left == ranks.count { recycle(slot) }
    monitor.unlock()
    if let failure { throw failure }
  }

  // MARK: Under the lock

  /// Waits until the results of a member are there.
  private func problem(
    of slot: Slot, _ member: Int, _ world: ThreadWorld, _ deadline: timespec, _ milliseconds: Int
  ) -> DMTError? {
    while slot.arrived < ranks.count {
      if let failure = world.failure { return title(slot, member).met(failure) }
      if ranks.indices.contains(where: { gone[$0] && slot.contributions[$0].state == .absent }) {
        return title(slot, member).met(departed(slot))
      }
      if !monitor.wait(until: deadline), slot.arrived < ranks.count {
        return title(slot, member).missing(absent(slot), milliseconds: milliseconds)
      }
    }
    if let (other, problem) = slot.mismatch(member) {
      return DMTError(.invalidArgument, "\(title(slot, member)): rank \(ranks[other]) \(problem)")
    }
    let pieces = slot.pieces(member).count
    guard pieces > 0 else { return nil }
    work(on: slot, member)
    // Others have taken pieces and are at it: they need no message from anybody.
    while slot.donePieces < pieces { _ = monitor.wait(until: Monitor.deadline(milliseconds: 1000)) }
    return nil
  }

  /// Does the pieces of a reduction that nobody has taken.
  private func work(on slot: Slot, _ member: Int) {
    let pieces = slot.pieces(member).count
    while slot.nextPiece < pieces {
      let piece = slot.nextPiece
      slot.nextPiece += 1
      monitor.unlock()
      slot.reduce(piece, as: member)
      monitor.lock()
      slot.donePieces += 1
      if slot.donePieces == pieces { monitor.broadcast() }
    }
  }

  private func find(_ number: UInt64) -> Slot? {
    for slot in underWay where slot.number == number { return slot }
    return nil
  }

  private func open(_ number: UInt64) -> Slot {
    // One more than is needed: how far members are apart is chance, and shall not decide when memory is allocated.
    if spare.isEmpty { spare = [Slot(members: ranks.count), Slot(members: ranks.count)] }
    let slot = spare.removeLast()
    slot.reset(number)
    underWay.append(slot)
    return slot
  }

  private func recycle(_ slot: Slot) {
    underWay.removeAll { $0 === slot }
    spare.append(slot)
  }

  // MARK: Messages

  private func absent(_ slot: Slot) -> [Int] {
    ranks.indices.filter { slot.contributions[$0].state == .absent }.map { ranks[$0] }
  }

  private func title(_ slot: Slot, _ member: Int) -> CollectiveTitle {
    CollectiveTitle(
      rank: ranks[member], kind: slot.contributions[member].kind, number: slot.number, ranks: ranks, lane: lane)
  }

  private func departed(_ slot: Slot) -> DMTError {
    let missing = ranks.indices.filter { gone[$0] && slot.contributions[$0].state == .absent }.map { ranks[$0] }
    return DMTError(.interconnectFailed, "\(CollectiveTitle.list(missing)) left", remedy: "look for what it says")
  }
}
