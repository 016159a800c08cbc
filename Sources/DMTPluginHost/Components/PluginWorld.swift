internal import CDMTPlugin
internal import DMTBridge
public import DMTCore
internal import Synchronization

/// An open world of a plugin's interconnect; closed when nobody refers to it or to its connections any more.
public final class PluginWorld: InterconnectWorld, @unchecked Sendable {
  public let rankCount: Int
  public let ownRank: Int?
  public let hostOfRank: [Int]

  private let table: dmt_interconnect
  private let handle: UnsafeMutableRawPointer?
  private let owner: ComponentOwner
  private let connected = Mutex<Set<Int>>([])

  init(_ table: dmt_interconnect, _ world: dmt_world, hosts: [Int], owner: ComponentOwner) {
    self.table = table
    self.owner = owner
    handle = world.handle
    rankCount = hosts.count
    ownRank = world.own_rank < 0 ? nil : Int(world.own_rank)
    hostOfRank = hosts
  }

  deinit { CrashReport.noting(owner.site, "close") { table.close(handle) } }

  public func connect(rank: Int) throws(DMTError) -> any RankConnection {
    guard (0..<rankCount).contains(rank), rank == ownRank ?? rank else {
      throw DMTError(
        .invalidArgument,
        ownRank.map { "rank \(rank) is not rank \($0), which this process is" }
          ?? "rank \(rank) of a world of \(rankCount)", place: owner.place("connect"))
    }
    guard connected.withLock({ $0.insert(rank).inserted }) else {
      throw DMTError(.invalidArgument, "rank \(rank) is connected already", place: owner.place("connect"))
    }
    var connection: UnsafeMutableRawPointer?
    try owner.call("connect") { table.connect(handle, Int32(rank), &connection) }
    guard let connection else { throw owner.broken("the connection of rank \(rank) is NULL", "connect") }
    return PluginConnection(table, connection, rank: rank, world: self, owner: owner)
  }
}

/// A rank's connection; ended when nobody refers to it or to its communicators any more.
final class PluginConnection: RankConnection {
  let rank: Int
  private let table: dmt_interconnect
  private let handle: UnsafeMutableRawPointer
  private let world: PluginWorld
  private let owner: ComponentOwner

  init(
    _ table: dmt_interconnect, _ handle: UnsafeMutableRawPointer, rank: Int, world: PluginWorld, owner: ComponentOwner
  ) {
    self.table = table
    self.handle = handle
    self.rank = rank
    self.world = world
    self.owner = owner
  }

  deinit { CrashReport.noting(owner.site, "disconnect") { table.disconnect(handle) } }

  func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
    guard ranks.contains(rank), ranks.allSatisfy({ (0..<world.rankCount).contains($0) }),
      zip(ranks, ranks.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw DMTError(
        .invalidArgument,
        "a communicator of ranks \(ranks) for rank \(rank) of \(world.rankCount), expected ascending ranks with this "
          + "one among them", place: owner.place("communicator"))
    }
    var communicator: UnsafeMutableRawPointer?
    try owner.call("communicator") {
      table.communicator(handle, ranks.map { Int32($0) }, Int64(ranks.count), lane.rawValue, &communicator)
    }
    guard let communicator else { throw owner.broken("the communicator of ranks \(ranks) is NULL", "communicator") }
    return PluginCommunicator(table, communicator, ranks: ranks, connection: self, owner: owner)
  }

  func abort(_ message: String) {
    let arena = ContractArena()
    table.abort(handle, arena.text(message))
  }
}

/// A communicator; a call goes straight to the plugin's function.
final class PluginCommunicator: Communicator {
  let ranks: [Int]
  private let table: dmt_interconnect
  private let handle: UnsafeMutableRawPointer
  private let connection: PluginConnection
  private let owner: ComponentOwner

  init(
    _ table: dmt_interconnect, _ handle: UnsafeMutableRawPointer, ranks: [Int], connection: PluginConnection,
    owner: ComponentOwner
  ) {
    self.table = table
    self.handle = handle
    self.ranks = ranks
    self.connection = connection
    self.owner = owner
  }

  func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
    var ticket: UInt64 = 0
    try owner.call("start") { table.start(handle, collective, &ticket) }
    guard ticket != 0 else { throw owner.broken("it gives ticket 0", "start") }
    return ticket
  }

  func isDone(_ ticket: UInt64) throws(DMTError) -> Bool {
    var done: Int32 = -1
    try owner.call("test") { table.test(handle, ticket, &done) }
    guard done == 0 || done == 1 else { throw owner.broken("it answers \(done), expected 0 or 1", "test") }
    return done == 1
  }

  func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
    try owner.call("wait") { table.wait(handle, ticket, Int64(max(0, timeoutMilliseconds))) }
  }
}
