import DMTPluginHost
import DMTPluginKit
import Synchronization
import Testing

/// Moves nothing: it records what it is asked, and fails when it is told to.
struct TestInterconnect: Interconnect {
  static let log = Mutex<[String]>([])
  static func note(_ line: String) { log.withLock { $0.append(line) } }
  let name = "com.example.nowhere"
  let isEmbedded = true

  func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    if rankCount == 13 { throw DMTError(.interconnectFailed, "no cable", remedy: "buy one") }
    return TestWorld(rankCount: rankCount == 12 ? 11 : rankCount ?? 0, hostOfRank: rankCount == 5 ? [1] : nil)
  }
}

final class TestWorld: InterconnectWorld {
  let rankCount: Int
  let ownRank: Int? = nil
  let hostOfRank: [Int]

  init(rankCount: Int, hostOfRank: [Int]?) {
    self.rankCount = rankCount
    self.hostOfRank = (hostOfRank ?? []) + Array(repeating: 0, count: rankCount - (hostOfRank?.count ?? 0))
  }

  deinit { TestInterconnect.note("close \(rankCount)") }

  func connect(rank: Int) throws(DMTError) -> any RankConnection { TestConnection(rank: rank) }
}

final class TestConnection: RankConnection {
  let rank: Int
  init(rank: Int) { self.rank = rank }
  deinit { TestInterconnect.note("disconnect \(rank)") }

  func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
    TestInterconnect.note("communicator \(ranks) \(lane)")
    return TestCommunicator(ranks: ranks)
  }

  func abort(_ message: String) { TestInterconnect.note("abort \(message)") }
}

final class TestCommunicator: Communicator {
  let ranks: [Int]
  init(ranks: [Int]) { self.ranks = ranks }

  func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
    TestInterconnect.note("start \(collective.pointee.kind) \(collective.pointee.count)")
    return collective.pointee.count == 77 ? 0 : UInt64(collective.pointee.count)
  }

  func isDone(_ ticket: UInt64) throws(DMTError) -> Bool { ticket % 2 == 1 }

  func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
    if ticket == 4 { throw DMTError(.interconnectFailed, "rank 1 is missing") }
    TestInterconnect.note("wait \(ticket) \(timeoutMilliseconds)")
  }
}

@Suite("A plugin's interconnect, through the C tables and back", .serialized)
struct InterconnectRoundTripTests {
  private func interconnect() throws -> PluginInterconnect { try #require(try RoundTrip().plugin.interconnects.first) }

  private func allReduce(_ count: Int, _ send: UnsafeRawPointer?, _ receive: UnsafeMutableRawPointer?) -> dmt_collective
  {
    var collective = dmt_collective()
    collective.struct_size = UInt32(MemoryLayout<dmt_collective>.size)
    collective.kind = DMT_ALL_REDUCE
    collective.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: 32, lanes: 1)
    collective.send = send
    collective.receive = receive
    collective.count = Int64(count)
    return collective
  }

  @Test("every call arrives, and worlds and connections end when nobody holds them")
  func calls() throws {
    TestInterconnect.log.withLock { $0 = [] }
    let interconnect = try interconnect()
    #expect(interconnect.name == "com.example.nowhere" && interconnect.isEmbedded)
    do {
      let world = try interconnect.openWorld(rankCount: 3, timeoutMilliseconds: 500)
      #expect(world.rankCount == 3 && world.ownRank == nil && world.hostOfRank == [0, 0, 0])
      let connection = try world.connect(rank: 1)
      let communicator = try connection.communicator(ranks: [0, 1], lane: .dense)
      #expect(communicator.ranks == [0, 1])
      var buffer: [Float] = [1, 2, 3]
      try buffer.withUnsafeMutableBytes { bytes in
        var collective = allReduce(3, bytes.baseAddress, bytes.baseAddress)
        let ticket = try communicator.start(&collective)
        #expect(ticket == 3)
        #expect(try communicator.isDone(ticket))
        #expect(try !communicator.isDone(8))
        try communicator.wait(ticket, timeoutMilliseconds: 20)
      }
      connection.abort("enough")
    }
    #expect(
      TestInterconnect.log.withLock { $0 } == [
        "communicator [0, 1] dense", "start 1 3", "wait 3 20", "abort enough", "disconnect 1", "close 3",
      ])
  }

  @Test("what is not available is an interconnect's failure, with its place")
  func unavailable() throws {
    let interconnect = try interconnect()
    let open = #expect(throws: DMTError.self) { try interconnect.openWorld(rankCount: 13, timeoutMilliseconds: 1) }
    #expect(open?.code == .interconnectFailed)
    #expect(open?.message == "no cable (buy one)")
    #expect(
      open?.place == DMTError.Place(plugin: "com.example.test", component: "com.example.nowhere", phase: "open"))
    let communicator = try interconnect.openWorld(rankCount: 2, timeoutMilliseconds: 1).connect(rank: 0)
      .communicator(ranks: [0, 1], lane: .index)
    let wait = #expect(throws: DMTError.self) { try communicator.wait(4, timeoutMilliseconds: 0) }
    #expect(wait?.code == .interconnectFailed && wait?.place.phase == "wait")
  }

  @Test("an answer that breaks the contract is the plugin's fault")
  func brokenAnswers() throws {
    let interconnect = try interconnect()
    let size = #expect(throws: DMTError.self) { try interconnect.openWorld(rankCount: 12, timeoutMilliseconds: 1) }
    #expect(size?.code == .pluginFailed)
    #expect(size?.message == "it opens a world of 11 ranks, expected 12")
    let host = #expect(throws: DMTError.self) { try interconnect.openWorld(rankCount: 5, timeoutMilliseconds: 1) }
    #expect(host?.message == "rank 0 is on host 1, expected 0 to 0")
    let communicator = try interconnect.openWorld(rankCount: 2, timeoutMilliseconds: 1).connect(rank: 0)
      .communicator(ranks: [0], lane: .index)
    var buffer = [Float](repeating: 0, count: 77)
    let ticket = buffer.withUnsafeMutableBytes { bytes in
      var collective = allReduce(77, bytes.baseAddress, bytes.baseAddress)
      return #expect(throws: DMTError.self) { _ = try communicator.start(&collective) }
    }
    #expect(ticket?.code == .pluginFailed && ticket?.message == "it gives ticket 0")
  }

  @Test("wrong ranks, counts and pointers are refused before the engine sees them")
  func badRequests() throws {
    let interconnect = try interconnect()
    func code(_ body: () throws -> Void) -> DMTError.Code? {
      do {
        try body()
        return nil
      } catch { return (error as? DMTError)?.code }
    }
    #expect(code { _ = try interconnect.openWorld(rankCount: nil, timeoutMilliseconds: 1) } == .invalidArgument)
    #expect(code { _ = try interconnect.openWorld(rankCount: 2, timeoutMilliseconds: 0) } == .invalidArgument)
    let world = try interconnect.openWorld(rankCount: 3, timeoutMilliseconds: 1)
    let connection = try world.connect(rank: 1)
    #expect(code { _ = try world.connect(rank: 1) } == .invalidArgument)
    #expect(code { _ = try world.connect(rank: 3) } == .invalidArgument)
    for ranks in [[], [0], [1, 0], [1, 1], [1, 3], [-1, 1]] {
      #expect(code { _ = try connection.communicator(ranks: ranks, lane: .index) } == .invalidArgument)
    }
    let communicator = try connection.communicator(ranks: [0, 1, 2], lane: .index)
    var collective = allReduce(4, nil, nil)
    #expect(code { _ = try communicator.start(&collective) } == .invalidArgument)
    collective.count = -1
    #expect(code { _ = try communicator.start(&collective) } == .invalidArgument)
    collective.kind = 6
    #expect(code { _ = try communicator.start(&collective) } == .invalidArgument)
  }
}
