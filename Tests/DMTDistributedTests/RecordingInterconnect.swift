import CDMTPlugin
import DMTCore
import DMTDistributed
import Synchronization

/// An interconnect that writes down what rank 0 starts and waits for on the dense lane.
///
/// It uses buffers as early and as late as an interconnect may: what a gather will bring is not a number until it was waited
/// for, and what is summed is looked at again when it is waited for.
struct RecordingInterconnect: Interconnect {
  /// A collective on its way.
  enum Event: Equatable {
    case started(CollectiveKind, Int)
    case waited(CollectiveKind, Int)
    /// A buffer was changed while it was being sent.
    case changed(CollectiveKind, Int)
  }

  /// What was written down.
  final class Record: Sendable {
    private let events = Mutex<[Event]>([])
    var all: [Event] { events.withLock { $0 } }
    func add(_ event: Event) { events.withLock { $0.append(event) } }
    func clear() { events.withLock { $0 = [] } }
  }

  let record = Record()
  let name = "recording"
  let isEmbedded = true

  func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    World(try ThreadsInterconnect().openWorld(rankCount: rankCount, timeoutMilliseconds: timeoutMilliseconds), record)
  }

  private final class World: InterconnectWorld {
    let inner: any InterconnectWorld
    let record: Record
    init(_ inner: any InterconnectWorld, _ record: Record) {
      self.inner = inner
      self.record = record
    }
    var rankCount: Int { inner.rankCount }
    var ownRank: Int? { inner.ownRank }
    var hostOfRank: [Int] { inner.hostOfRank }
    func connect(rank: Int) throws(DMTError) -> any RankConnection {
      let connection = try inner.connect(rank: rank)
      return rank == 0 ? Connection(connection, record) : connection
    }
  }

  private final class Connection: RankConnection {
    let inner: any RankConnection
    let record: Record
    init(_ inner: any RankConnection, _ record: Record) {
      self.inner = inner
      self.record = record
    }
    var rank: Int { inner.rank }
    func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
      let communicator = try inner.communicator(ranks: ranks, lane: lane)
      return lane == .dense ? Recorder(communicator, record) : communicator
    }
    func abort(_ message: String) { inner.abort(message) }
  }

  private final class Recorder: Communicator {
    let inner: any Communicator
    let record: Record
    private var underWay: [UInt64: (kind: CollectiveKind, number: Int, send: UnsafeRawBufferPointer, hash: Int)] = [:]
    private var started: [CollectiveKind: Int] = [:]
    init(_ inner: any Communicator, _ record: Record) {
      self.inner = inner
      self.record = record
    }
    var ranks: [Int] { inner.ranks }
    func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
      let ticket = try inner.start(collective)
      let given = collective.pointee
      guard let kind = CollectiveKind(rawValue: collective.pointee.kind) else { return ticket }
      let number = started[kind, default: 0]
      started[kind] = number + 1
      let send = UnsafeRawBufferPointer(start: given.send, count: kind == .reduceScatter ? bytes(given) : 0)
      underWay[ticket] = (kind, number, send, hash(send))
      if kind == .allGather { given.receive.initializeMemory(as: UInt8.self, repeating: 0xFF, count: bytes(given)) }
      record.add(.started(kind, number))
      return ticket
    }
    func isDone(_ ticket: UInt64) throws(DMTError) -> Bool { try inner.isDone(ticket) }
    func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
      try inner.wait(ticket, timeoutMilliseconds: timeoutMilliseconds)
      guard let it = underWay.removeValue(forKey: ticket) else { return }
      record.add(.waited(it.kind, it.number))
      if hash(it.send) != it.hash { record.add(.changed(it.kind, it.number)) }
    }
    /// Bytes of all members, which lie together.
    private func bytes(_ given: dmt_collective) -> Int {
      ranks.indices.reduce(0) { $0 + Int(given.receive_counts[$1]) * Int(given.dtype.bits) / 8 }
    }
    private func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
      var hasher = Hasher()
      hasher.combine(bytes: bytes)
      return hasher.finalize()
    }
  }
}
