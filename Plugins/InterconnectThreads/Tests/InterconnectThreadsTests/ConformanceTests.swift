import DMTInterconnectTesting
import DMTPluginKit
import InterconnectThreads
import Testing

@Suite("Ranks that are threads do what every interconnect has to")
struct ConformanceTests {
  /// Through the C tables, as the host sees it.
  static let engine = Result { try InterconnectConformance.interconnect(dmt_plugin_entry()) }

  @Test(
    "with any number of ranks, many more than cores among them", arguments: [1, 2, 5, 24],
    InterconnectConformance.trials)
  func conforms(ranks: Int, trial: InterconnectTrial) throws {
    var settings = TrialSettings()
    settings.largeBytes = (1 << 20) / ranks
    #expect(try InterconnectConformance.run(trial, on: Self.engine.get(), rankCount: ranks, settings: settings) == [])
  }

  @Test("a world says what it is")
  func world() throws {
    let engine = try Self.engine.get()
    #expect(engine.name == "threads" && engine.isEmbedded)
    let world = try engine.openWorld(rankCount: 3, timeoutMilliseconds: 100)
    #expect(world.rankCount == 3 && world.ownRank == nil && world.hostOfRank == [0, 0, 0])
  }

  @Test("a rank whose connection has ended is missed at once")
  func gone() throws {
    let world = try Self.engine.get().openWorld(rankCount: 2, timeoutMilliseconds: 600_000)
    let first = try world.connect(rank: 0).communicator(ranks: [0, 1], lane: .dense)
    _ = try world.connect(rank: 1).communicator(ranks: [0, 1], lane: .dense)
    var barrier = dmt_collective()
    barrier.struct_size = UInt32(MemoryLayout<dmt_collective>.size)
    barrier.kind = DMT_BARRIER
    let ticket = try first.start(&barrier)
    let error = #expect(throws: DMTError.self) { try first.wait(ticket, timeoutMilliseconds: 0) }
    #expect(error?.code == .interconnectFailed)
    #expect(error?.message.hasPrefix("rank 0, barrier number 1 among ranks 0, 1 (dense lane): rank 1 left") == true)
  }
}
