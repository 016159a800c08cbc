import CDMTPlugin
import DMTCore
import Synchronization

/// Threads that count the bytes of all_to_alls and all_gathers, by lane, sender and receiver.
///
/// An all_gather is counted as if every member sent its part to every other one; a ring moves as many bytes.
struct CountingInterconnect: Interconnect {
  struct Path: Hashable {
    var lane: Lane
    var from: Int
    var to: Int
  }

  /// What was sent.
  final class Ledger: Sendable {
    private let bytes = Mutex<[Path: Int]>([:])
    func add(_ count: Int, _ path: Path) { bytes.withLock { $0[path, default: 0] += count } }
    subscript(path: Path) -> Int { bytes.withLock { $0[path] ?? 0 } }
  }

  let ledger = Ledger()
  let name = "counting"
  let isEmbedded = true

  func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    World(
      inner: try ThreadsInterconnect().openWorld(rankCount: rankCount, timeoutMilliseconds: timeoutMilliseconds),
      ledger: ledger)
  }

  private final class World: InterconnectWorld {
    let inner: any InterconnectWorld
    let ledger: Ledger

    init(inner: any InterconnectWorld, ledger: Ledger) {
      self.inner = inner
      self.ledger = ledger
    }

    var rankCount: Int { inner.rankCount }
    var ownRank: Int? { inner.ownRank }
    var hostOfRank: [Int] { inner.hostOfRank }
    func connect(rank: Int) throws(DMTError) -> any RankConnection {
      Connection(inner: try inner.connect(rank: rank), ledger: ledger)
    }
  }

  private final class Connection: RankConnection {
    let inner: any RankConnection
    let ledger: Ledger

    init(inner: any RankConnection, ledger: Ledger) {
      self.inner = inner
      self.ledger = ledger
    }

    var rank: Int { inner.rank }
    func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
      Counter(inner: try inner.communicator(ranks: ranks, lane: lane), rank: rank, lane: lane, ledger: ledger)
    }
    func abort(_ message: String) { inner.abort(message) }
  }

  private final class Counter: Communicator {
    let inner: any Communicator
    let rank: Int
    let lane: Lane
    let ledger: Ledger

    init(inner: any Communicator, rank: Int, lane: Lane, ledger: Ledger) {
      self.inner = inner
      self.rank = rank
      self.lane = lane
      self.ledger = ledger
    }

    var ranks: [Int] { inner.ranks }
    func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
      let call = collective.pointee
      for (position, member) in ranks.enumerated() where member != rank {
        let count: Int64 =
          switch CollectiveKind(rawValue: call.kind) {
          case .allToAll: call.send_counts.map { $0[position] } ?? 0
          case .allGather: call.count
          default: 0
          }
        ledger.add(Int(count) * Int(call.dtype.bits) / 8, Path(lane: lane, from: rank, to: member))
      }
      return try inner.start(collective)
    }
    func isDone(_ ticket: UInt64) throws(DMTError) -> Bool { try inner.isDone(ticket) }
    func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
      try inner.wait(ticket, timeoutMilliseconds: timeoutMilliseconds)
    }
  }
}
