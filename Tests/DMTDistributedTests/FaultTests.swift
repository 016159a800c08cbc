import CDMTPlugin
import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime
import Glibc
import Synchronization
import Testing

/// What goes wrong on the way is found.
@Suite struct FaultTests {
  /// A fault at one all_to_all of embeddings of one rank.
  enum Fault: CaseIterable {
    /// One number of what came is another one.
    case changed
    /// Two numbers of what came have changed places.
    case swapped
  }

  @Test(arguments: Fault.allCases) func `a verification finds a number that changed on its way`(_ fault: Fault) throws {
    for strategy in [SPTTSharding() as any ShardingStrategy] + FlatSharding.all.filter({ $0.name == "table_wise" }) {
      var random = SeededGenerator(seed: 21)
      let model = try RandomModel(features: 6, towers: 2, random: &random)
      var verification = try VerificationTests.verification(model, "2x2", strategy, random: &random)
      #expect(try verification.run([.embeddings]).passed)
      verification.interconnect = FaultyInterconnect(fault: fault)
      let report = try verification.run([.embeddings])
      #expect(!report.passed && report.items.contains { !$0.isWithin }, "\(strategy.name)")
    }
  }

  @Test func `a rank that stops is missed by all others, with rank, collective and who is missing`() throws {
    var random = SeededGenerator(seed: 22)
    let model = try RandomModel(features: 6, towers: 2, random: &random)
    let verification = try VerificationTests.verification(model, "2x2", SPTTSharding(), random: &random)
    let world = try ThreadsInterconnect().openWorld(rankCount: 4, timeoutMilliseconds: 400)
    let batch = verification.batches[0]
    let parts = Unchecked((verification, batch.slices(verification.counts[0])))
    let errors = Mutex<[Int: DMTError]>([:])
    _ = try RankThreads.run(4) { rank throws(DMTError) in
      let (verification, batches) = parts.value
      let connection = try world.connect(rank: rank)
      let model = try RankModel(
        plan: verification.plan, flow: verification.flow, isSingle: verification.isSingle,
        settings: verification.settings, components: verification.components, connection: connection)
      do throws(DMTError) {
        // Rank 3 does one step and no more, but stays.
        for step in 1...(rank == 3 ? 1 : 2) {
          _ = try model.trainStep(batches[rank], counts: verification.counts[0], step: step)
        }
        if rank == 3 { while errors.withLock({ $0.count }) < 3 { waitABit() } }
      } catch {
        errors.withLock { $0[rank] = error }
      }
    }
    for rank in 0..<3 {
      let error = try #require(errors.withLock { $0[rank] })
      #expect(error.code == .interconnectFailed)
      #expect(error.message.contains("rank \(rank), all_to_all") && error.message.contains("rank 3"), "\(error)")
      #expect(error.place.phase?.contains("step") == true, "\(error)")
    }
  }

  private struct Unchecked<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }
}

/// A hundredth of a second.
private func waitABit() { usleep(10_000) }

/// Threads whose rank 1 receives something wrong in its first exchange of embeddings.
private struct FaultyInterconnect: Interconnect {
  let fault: FaultTests.Fault
  let name = "faulty"
  let isEmbedded = true

  func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    FaultyWorld(
      try ThreadsInterconnect().openWorld(rankCount: rankCount, timeoutMilliseconds: timeoutMilliseconds), fault)
  }
}

private final class FaultyWorld: InterconnectWorld {
  private let world: any InterconnectWorld
  private let fault: FaultTests.Fault

  init(_ world: any InterconnectWorld, _ fault: FaultTests.Fault) {
    self.world = world
    self.fault = fault
  }

  var rankCount: Int { world.rankCount }
  var ownRank: Int? { nil }
  var hostOfRank: [Int] { world.hostOfRank }

  func connect(rank: Int) throws(DMTError) -> any RankConnection {
    let connection = try world.connect(rank: rank)
    return rank == 1 ? FaultyConnection(connection, fault) : connection
  }
}

private final class FaultyConnection: RankConnection {
  private let connection: any RankConnection
  private let fault: FaultTests.Fault

  init(_ connection: any RankConnection, _ fault: FaultTests.Fault) {
    self.connection = connection
    self.fault = fault
  }

  var rank: Int { connection.rank }

  func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
    let made = try connection.communicator(ranks: ranks, lane: lane)
    return lane == .embedding ? FaultyCommunicator(made, fault) : made
  }

  func abort(_ message: String) { connection.abort(message) }
}

private final class FaultyCommunicator: Communicator {
  private let communicator: any Communicator
  private let fault: FaultTests.Fault
  private var received: [UInt64: UnsafeMutablePointer<Float>] = [:]

  init(_ communicator: any Communicator, _ fault: FaultTests.Fault) {
    self.communicator = communicator
    self.fault = fault
  }

  var ranks: [Int] { communicator.ranks }

  func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
    let ticket = try communicator.start(collective)
    let call = collective.pointee
    if call.kind == DMT_ALL_TO_ALL, let receive = call.receive, let counts = call.receive_counts,
      let offsets = call.receive_offsets, let first = ranks.indices.first(where: { counts[$0] >= 8 })
    {
      received[ticket] = (receive + Int(offsets[first])).assumingMemoryBound(to: Float.self)
    }
    return ticket
  }

  func isDone(_ ticket: UInt64) throws(DMTError) -> Bool { try communicator.isDone(ticket) }

  func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
    try communicator.wait(ticket, timeoutMilliseconds: timeoutMilliseconds)
    guard let numbers = received.removeValue(forKey: ticket) else { return }
    switch fault {
    case .changed: numbers[0] += 0.5
    case .swapped: (numbers[0], numbers[1]) = (numbers[1] + 1e-3, numbers[0])
    }
  }
}
