import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime
import Testing

/// Semi-synchronous lookups are one update late, and nothing else is different.
@Suite struct LookupTimingTests {
  private static let batchSizes = [13, 8, 3, 11, 9]

  private static func verification(
    _ topology: String, _ strategy: any ShardingStrategy, _ lookup: LookupTiming = .semiSynchronous,
    tableOptimizer: OptimizerSpec = OptimizerSpec(name: "sgd", learningRate: 0.5), clipNorm: Double? = nil,
    batches: [Int] = batchSizes, shardings: [String: TableSharding] = [:], seed: Int = 81
  ) throws -> Verification {
    var random = SeededGenerator(seed: seed)
    // Few rows, so that batches meet in them.
    let model = try RandomModel(features: 6, towers: 2, dim: 12, dropout: 0.2, rows: 2...6, random: &random)
    var verification = try VerificationTests.verification(
      model, topology, strategy, tableShardings: shardings, tableOptimizer: tableOptimizer, clipNorm: clipNorm,
      batches: batches, lookup: lookup, random: &random)
    verification.settings.dtype = .float64
    return verification
  }

  @Test(arguments: ["1x1", "1x3", "2x2", "3x2"], ["sgd", "adagrad", "rowwise_adagrad", "adam"])
  func `ranks train as one process whose lookups are as late`(_ topology: String, _ optimizer: String) throws {
    for strategy in VerificationTests.strategies {
      try VerificationTests.expectSame(
        try Self.verification(
          topology, strategy, tableOptimizer: OptimizerSpec(name: optimizer, learningRate: 0.05)), optimizer)
    }
  }

  @Test func `a clipped gradient, an empty batch and tables cut as told are no exception`() throws {
    for strategy in VerificationTests.strategies where strategy.name != "sptt" {
      try VerificationTests.expectSame(
        try Self.verification(
          "2x2", strategy, tableOptimizer: OptimizerSpec(name: "rowwise_adagrad", learningRate: 0.05), clipNorm: 0.1,
          batches: [9, 0, 1, 12, 10],
          shardings: ["f0": .dataParallel, "f1": .columnWise, "f2": .rowWise, "f3": .tableWise]))
    }
  }

  /// What training leaves.
  private static func trained(
    _ verification: Verification,
    between: @escaping @Sendable (RankModel, Int) throws(DMTError) -> Void = { _, _ throws(DMTError) in }
  ) throws -> [String: [Double]] {
    let world = try RankWorld(verification, settings: verification.settings)
    try world.train(verification.batches, between: between)
    return try world.collect()
  }

  @Test func `a lookup is late, and only where the option is taken`() throws {
    for strategy in VerificationTests.strategies {
      let late = try Self.trained(Self.verification("2x2", strategy))
      let usual = try Self.trained(Self.verification("2x2", strategy, .synchronous))
      // Without knowledge of the next batch there is nothing to begin early.
      let verification = try Self.verification("2x2", strategy, .synchronous)
      let world = try RankWorld(verification, settings: verification.settings)
      for (index, batch) in verification.batches.enumerated() { try world.trainStep(batch, step: index + 1) }
      #expect(try world.collect() == usual, "\(strategy.name)")
      #expect(late != usual, "\(strategy.name)")
    }
  }

  @Test func `evaluations between steps change nothing`() throws {
    for strategy in VerificationTests.strategies {
      let verification = try Self.verification("2x2", strategy)
      let expected = try Self.trained(verification)
      let evaluated = UncheckedBatches(verification.batches[0].slices(verification.counts[0]))
      let found = try Self.trained(verification) { model, _ throws(DMTError) in
        let batch = evaluated.batches[model.rank]
        var logits = [Float](repeating: 0, count: batch.count + 1)
        // Twice, so that a memory that is still needed would be taken.
        for _ in 0..<2 {
          try logits.withUnsafeMutableBufferPointer { logits throws(DMTError) in
            if let base = logits.baseAddress { try model.predict(batch, into: base) }
          }
        }
      }
      #expect(found == expected, "\(strategy.name)")
    }
  }

  /// Read-only from the ranks' threads.
  private struct UncheckedBatches: @unchecked Sendable {
    var batches: [Batch]
    init(_ batches: [Batch]) { self.batches = batches }
  }

  @Test func `what was begun and discarded is begun anew with the tables of then`() throws {
    let verification = try Self.verification("2x2", SPTTSharding())
    let found = try Self.trained(verification) { model, index throws(DMTError) in
      if index == 1 { try model.discardAhead() }
    }
    // As a run that is resumed after the second step: its first batch is looked up when it is computed.
    let world = try RankWorld(verification, settings: verification.settings)
    try world.train(Array(verification.batches.prefix(2)))
    try world.train(Array(verification.batches.dropFirst(2)), firstStep: 3)
    #expect(try world.collect() == found)
  }
}
