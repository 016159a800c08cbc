internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// An ``Interconnect`` behind a `dmt_interconnect` table.
final class InterconnectTable: Sendable {
  private let interconnect: any Interconnect

  private init(_ interconnect: any Interconnect) { self.interconnect = interconnect }

  /// The table, for as long as the process lives.
  static func make(_ interconnect: any Interconnect) -> UnsafeRawPointer {
    let table = UnsafeMutablePointer<dmt_interconnect>.allocate(capacity: 1)
    table.initialize(
      to: dmt_interconnect(
        struct_size: SizedStruct.size(of: dmt_interconnect.self), revision: 1,
        ctx: Unmanaged.passRetained(InterconnectTable(interconnect)).toOpaque(),
        flags: interconnect.isEmbedded ? DMT_INTERCONNECT_EMBEDDED : 0, reserved: 0,
        open: { context, request, world in
          guarded { () throws(DMTError) in try InterconnectTable.at(context).open(request, world) }
        },
        connect: { world, rank, connection in
          guarded { () throws(DMTError) in try WorldHandle.at(world).connect(Int(rank), connection) }
        },
        communicator: { connection, ranks, count, lane, communicator in
          guarded { () throws(DMTError) in
            try ConnectionHandle.at(connection).communicator(ranks, count, lane, communicator)
          }
        },
        start: { communicator, collective, ticket in
          CommunicatorHandle.run(communicator) { handle throws(DMTError) in try handle.start(collective, ticket) }
        },
        test: { communicator, ticket, done in
          CommunicatorHandle.run(communicator) { handle throws(DMTError) in
            guard let done else { throw missing("the place for the answer") }
            done.pointee = try handle.communicator.isDone(ticket) ? 1 : 0
          }
        },
        wait: { communicator, ticket, timeout in
          CommunicatorHandle.run(communicator) { handle throws(DMTError) in
            guard timeout >= 0 else { throw DMTError(.invalidArgument, "a timeout of \(timeout) ms") }
            try handle.communicator.wait(ticket, timeoutMilliseconds: Int(timeout))
          }
        },
        abort: { connection, message in
          guard let handle = try? ConnectionHandle.at(connection) else { return }
          handle.connection.abort(String(message) ?? "a rank failed")
        },
        disconnect: { connection in
          if let connection { Unmanaged<ConnectionHandle>.fromOpaque(connection).release() }
        },
        close: { world in
          if let world { Unmanaged<WorldHandle>.fromOpaque(world).release() }
        }))
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> InterconnectTable {
    guard let context else { throw missing("the interconnect's ctx") }
    return Unmanaged<InterconnectTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func open(
    _ pointer: UnsafePointer<dmt_world_request>?, _ answer: UnsafeMutablePointer<dmt_world>?
  ) throws(DMTError) {
    let request = try SizedStruct.read(pointer, "the world request")
    var result = try SizedStruct.read(answer.map { UnsafePointer($0) }, "the place for the world")
    let least: Int32 = interconnect.isEmbedded ? 1 : 0
    guard request.rank_count >= least, request.rank_count <= Int32(Topology.maximumRanks), request.timeout_ms > 0 else {
      throw DMTError(
        .invalidArgument,
        "a world of \(request.rank_count) ranks with a timeout of \(request.timeout_ms) ms, expected \(least) to "
          + "\(Topology.maximumRanks) ranks and a positive timeout")
    }
    let world = try interconnect.openWorld(
      rankCount: request.rank_count == 0 ? nil : Int(request.rank_count),
      timeoutMilliseconds: Int(request.timeout_ms))
    let handle = WorldHandle(world)
    result.rank_count = Int32(clamping: world.rankCount)
    result.own_rank = Int32(clamping: world.ownRank ?? -1)
    result.host_of_rank = UnsafePointer(handle.hosts)
    result.handle = Unmanaged.passRetained(handle).toOpaque()
    try SizedStruct.write(result, to: answer, "the place for the world")
  }
}

/// An open world.
private final class WorldHandle {
  private let world: any InterconnectWorld
  /// The host of every rank.
  let hosts: UnsafeMutablePointer<Int32>

  init(_ world: any InterconnectWorld) {
    self.world = world
    let numbers = world.hostOfRank
    hosts = .allocate(capacity: max(1, numbers.count))
    for (rank, number) in numbers.enumerated() { (hosts + rank).initialize(to: Int32(clamping: number)) }
  }

  deinit { hosts.deallocate() }

  static func at(_ pointer: UnsafeMutableRawPointer?) throws(DMTError) -> WorldHandle {
    guard let pointer else { throw missing("the world") }
    return Unmanaged<WorldHandle>.fromOpaque(pointer).takeUnretainedValue()
  }

  func connect(_ rank: Int, _ answer: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) throws(DMTError) {
    guard let answer else { throw missing("the place for the connection") }
    guard (0..<world.rankCount).contains(rank), rank == world.ownRank ?? rank else {
      throw DMTError(.invalidArgument, "rank \(rank) is not in this process, of a world of \(world.rankCount)")
    }
    let handle = ConnectionHandle(try world.connect(rank: rank), world: self, rankCount: world.rankCount)
    answer.pointee = Unmanaged.passRetained(handle).toOpaque()
  }
}

/// A rank's connection and the communicators that it made.
private final class ConnectionHandle {
  let connection: any RankConnection
  private let world: WorldHandle
  private let rankCount: Int
  private var communicators: [CommunicatorHandle] = []

  init(_ connection: any RankConnection, world: WorldHandle, rankCount: Int) {
    self.connection = connection
    self.world = world
    self.rankCount = rankCount
  }

  static func at(_ pointer: UnsafeMutableRawPointer?) throws(DMTError) -> ConnectionHandle {
    guard let pointer else { throw missing("the connection") }
    return Unmanaged<ConnectionHandle>.fromOpaque(pointer).takeUnretainedValue()
  }

  func communicator(
    _ pointer: UnsafePointer<Int32>?, _ count: Int64, _ lane: Int32,
    _ answer: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
  ) throws(DMTError) {
    guard let answer else { throw missing("the place for the communicator") }
    guard let pointer, (1...Int64(rankCount)).contains(count), let lane = Lane(rawValue: lane) else {
      throw DMTError(
        .invalidArgument,
        "a communicator of \(count) ranks" + (pointer == nil ? " at NULL" : "")
          + " on lane \(lane), expected 1 to \(rankCount) ranks and lane 0 to 3")
    }
    let ranks = UnsafeBufferPointer(start: pointer, count: Int(count)).map(Int.init)
    guard let own = ranks.firstIndex(of: connection.rank), ranks.allSatisfy({ (0..<rankCount).contains($0) }),
      zip(ranks, ranks.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw DMTError(
        .invalidArgument,
        "a communicator of ranks \(ranks) for rank \(connection.rank) of \(rankCount), expected ascending ranks with "
          + "this one among them")
    }
    let handle = CommunicatorHandle(
      try connection.communicator(ranks: ranks, lane: lane), members: ranks.count, own: own)
    communicators.append(handle)
    answer.pointee = Unmanaged.passUnretained(handle).toOpaque()
  }
}

/// A communicator; lives as long as its connection.
private final class CommunicatorHandle {
  let communicator: any Communicator
  private let members: Int
  private let own: Int

  init(_ communicator: any Communicator, members: Int, own: Int) {
    self.communicator = communicator
    self.members = members
    self.own = own
  }

  @inline(__always)
  static func run(
    _ pointer: UnsafeMutableRawPointer?, _ body: (CommunicatorHandle) throws(DMTError) -> Void
  ) -> dmt_status {
    guard let pointer else { return PluginContext.fail(missing("the communicator")) }
    return Unmanaged<CommunicatorHandle>.fromOpaque(pointer)._withUnsafeGuaranteedRef { handle in
      guarded { () throws(DMTError) in try body(handle) }
    }
  }

  /// Checks what one member can tell before any author's code sees it.
  func start(
    _ collective: UnsafePointer<dmt_collective>?, _ ticket: UnsafeMutablePointer<UInt64>?
  ) throws(DMTError) {
    guard let ticket else { throw missing("the place for the ticket") }
    _ = try Collective(checking: collective, members: members, own: own)
    guard let collective else { return }
    ticket.pointee = try communicator.start(collective)
  }
}
