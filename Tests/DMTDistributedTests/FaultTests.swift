import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime
import Glibc
import Synchronization
import Testing

/// What goes wrong on the way is found.
@Suite struct FaultTests {
  /// A verification of a model whose tables have rows enough for a wrong row number to be another one.
  private static func verification(_ strategy: any ShardingStrategy) throws -> Verification {
    var random = SeededGenerator(seed: 24)
    let model = try RandomModel(
      features: 6, towers: 2, dim: 12, dropout: 0.3, isSingle: true, rows: 20...30, random: &random)
    return try VerificationTests.verification(model, "2x2", strategy, batches: [40, 31, 22], random: &random)
  }

  /// Whether a check finds the fault.
  private static func finds(
    _ fault: Fault, _ check: VerificationReport.Check, _ strategy: any ShardingStrategy
  ) throws -> Bool {
    var verification = try verification(strategy)
    let interconnect = FaultyInterconnect(fault: fault)
    verification.interconnect = interconnect
    defer { #expect(interconnect.faults.value == 1, "\(fault) \(check) \(strategy.name): it did not happen") }
    do {
      let report = try verification.run([check])
      return !report.passed && report.items.contains { !$0.isWithin }
    } catch {
      // Row numbers and lengths that cannot be are refused before anything is compared.
      return fault.lane == .index
    }
  }

  private static let strategies: [any ShardingStrategy] = [
    SPTTSharding(), FlatSharding.tableWise, FlatSharding.columnWise, FlatSharding.rowWise, FlatSharding.tableRowWise,
  ]

  @Test(arguments: Fault.Kind.allCases, VerificationReport.Check.allCases)
  func `every check finds one number, and two blocks, that came otherwise than they were sent`(
    _ kind: Fault.Kind, _ check: VerificationReport.Check
  ) throws {
    for strategy in Self.strategies {
      #expect(try Self.verification(strategy).run([check]).passed, "\(strategy.name)")
      for lane in [Lane.embedding, .index] {
        #expect(try Self.finds(Fault(kind: kind, lane: lane), check, strategy), "\(strategy.name) \(lane)")
      }
    }
  }

  @Test(arguments: [VerificationReport.Check.float64, .float32])
  func `the checks of steps find one number of a gradient that was summed wrongly`(
    _ check: VerificationReport.Check
  ) throws {
    for strategy in Self.strategies + [FlatSharding.dataParallel] {
      let fault = Fault(kind: .changed, lane: .dense, collective: .allReduce)
      #expect(try Self.finds(fault, check, strategy), "\(strategy.name)")
    }
  }

  @Test func `a rank that stops is missed by all others, with rank, collective and who is missing`() throws {
    var random = SeededGenerator(seed: 22)
    let model = try RandomModel(features: 6, towers: 2, random: &random)
    let verification = try VerificationTests.verification(model, "2x2", SPTTSharding(), random: &random)
    let world = try ThreadsInterconnect().openWorld(rankCount: 4, timeoutMilliseconds: 1000)
    let batch = verification.batches[0]
    let parts = Unchecked((verification, batch.slices(verification.counts[0])))
    let errors = Mutex<[Int: DMTError]>([:])
    _ = try RankThreads.run(4) { rank throws(DMTError) in
      let (verification, batches) = parts.value
      do throws(DMTError) {
        let connection = try world.connect(rank: rank)
        let model = try RankModel(
          plan: verification.plan, flow: verification.flow, isSingle: verification.isSingle,
          settings: verification.settings, components: verification.components, connection: connection)
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
