import CDMTPlugin
import DMTCore
import Synchronization

/// Something that goes wrong on the way to rank 1, once.
struct Fault: Sendable {
  enum Kind: Sendable, CaseIterable {
    /// One number of what came is another one.
    case changed
    /// Words of two blocks, of different members, have changed places.
    case swapped
  }

  var kind: Kind
  var lane: Lane
  /// The first collective of this kind on the lane that brings enough goes wrong.
  var collective = CollectiveKind.allToAll
}

/// Threads, with one fault.
struct FaultyInterconnect: Interconnect {
  let fault: Fault
  let name = "faulty"
  let isEmbedded = true
  /// How often the fault happened in all worlds.
  let faults = Count()

  final class Count: Sendable {
    private let number = Mutex(0)
    var value: Int { number.withLock { $0 } }
    /// Counts one, unless there was one before.
    func takeFirst() -> Bool {
      number.withLock { number in
        number += number == 0 ? 1 : 0
        return number == 1
      }
    }
  }

  func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    World(
      inner: try ThreadsInterconnect().openWorld(rankCount: rankCount, timeoutMilliseconds: timeoutMilliseconds),
      fault: fault, faults: faults)
  }

  private final class World: InterconnectWorld {
    let inner: any InterconnectWorld
    let fault: Fault
    let faults: Count

    init(inner: any InterconnectWorld, fault: Fault, faults: Count) {
      self.inner = inner
      self.fault = fault
      self.faults = faults
    }

    var rankCount: Int { inner.rankCount }
    var ownRank: Int? { nil }
    var hostOfRank: [Int] { inner.hostOfRank }

    func connect(rank: Int) throws(DMTError) -> any RankConnection {
      let connection = try inner.connect(rank: rank)
      return rank == 1 ? Connection(inner: connection, fault: fault, faults: faults) : connection
    }
  }

  private final class Connection: RankConnection {
    let inner: any RankConnection
    let fault: Fault
    let faults: Count

    init(inner: any RankConnection, fault: Fault, faults: Count) {
      self.inner = inner
      self.fault = fault
      self.faults = faults
    }

    var rank: Int { inner.rank }

    func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
      let made = try inner.communicator(ranks: ranks, lane: lane)
      return lane == fault.lane ? FaultyCommunicator(inner: made, fault: fault, faults: faults) : made
    }

    func abort(_ message: String) { inner.abort(message) }
  }
}

/// What brings the fault.
private final class FaultyCommunicator: Communicator {
  private let inner: any Communicator
  private let fault: Fault
  private let faults: FaultyInterconnect.Count
  /// Where, under which ticket, something is to be changed.
  private var marked: [UInt64: (first: UnsafeMutableRawPointer, second: UnsafeMutableRawPointer?)] = [:]

  init(inner: any Communicator, fault: Fault, faults: FaultyInterconnect.Count) {
    self.inner = inner
    self.fault = fault
    self.faults = faults
  }

  var ranks: [Int] { inner.ranks }

  func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
    let ticket = try inner.start(collective)
    if collective.pointee.kind == fault.collective.rawValue, let places = places(collective.pointee) {
      marked[ticket] = places
    }
    return ticket
  }

  /// A word of a block, and one of another member's; nil: too little comes.
  private func places(
    _ call: dmt_collective
  ) -> (first: UnsafeMutableRawPointer, second: UnsafeMutableRawPointer?)? {
    guard let receive = call.receive else { return nil }
    let size = Int(call.dtype.bits) / 8
    guard fault.collective == .allToAll, let counts = call.receive_counts, let offsets = call.receive_offsets else {
      return Int(call.count) * size >= 16 ? (receive + Int(call.count) * size - 4, nil) : nil
    }
    let members = ranks.indices.filter { Int(counts[$0]) * size >= 16 }
    func last(_ member: Int) -> UnsafeMutableRawPointer {
      receive + Int(offsets[member] + counts[member]) * size - 4
    }
    guard let first = members.first, fault.kind == .changed || members.count > 1 else { return nil }
    guard members.count > 1 else { return (last(first), nil) }
    // Row numbers lie at the end. Of partial sums the same element of two members may be exchanged: they are added up.
    return (last(first), fault.lane == .index ? last(members[1]) : receive + Int(offsets[members[1]]) * size + 4)
  }

  func isDone(_ ticket: UInt64) throws(DMTError) -> Bool { try inner.isDone(ticket) }

  func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
    try inner.wait(ticket, timeoutMilliseconds: timeoutMilliseconds)
    guard let (first, second) = marked.removeValue(forKey: ticket) else { return }
    let word = first.load(as: UInt32.self)
    switch fault.kind {
    case .changed:
      guard faults.takeFirst() else { return }
      // A row number becomes its neighbour; of a float32, or the upper half of a float64, another exponent.
      first.storeBytes(of: fault.lane == .index ? (word == 0 ? 1 : word - 1) : word ^ 0x3F00_0000, as: UInt32.self)
    case .swapped:
      guard let second, second.load(as: UInt32.self) != word, faults.takeFirst() else { return }
      first.storeBytes(of: second.load(as: UInt32.self), as: UInt32.self)
      second.storeBytes(of: word, as: UInt32.self)
    }
  }
}
