import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime
import Testing

/// Random models at random layouts are the model in one process.
@Suite struct RandomLayoutTests {
  /// Table optimizers with what else they can be told.
  private static let tableOptimizers: [OptimizerSpec] = [
    OptimizerSpec(name: "sgd", learningRate: 0.05, attributes: ["weight_decay": .double(0.01)]),
    OptimizerSpec(name: "adagrad", learningRate: 0.05),
    OptimizerSpec(name: "rowwise_adagrad", learningRate: 0.05, attributes: ["weight_decay": .double(0.01)]),
    OptimizerSpec(name: "lazy_adam", learningRate: 0.05),
    OptimizerSpec(name: "adam", learningRate: 0.05, attributes: ["weight_decay": .double(0.01)]),
    OptimizerSpec(name: "adamw", learningRate: 0.05), OptimizerSpec(name: "rowwise_adagrad", learningRate: 0.05),
  ]

  /// Strategies and optimizers come in turn, so that 42 seeds have every pair of them; everything else is drawn.
  @Test(arguments: 0..<42) func `a random model at a random layout is the model in one process`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed + 1)
    let strategy = VerificationTests.strategies[seed % VerificationTests.strategies.count]
    let optimizer = Self.tableOptimizers[seed % Self.tableOptimizers.count]
    let topology = try Topology(
      hosts: .random(in: 1...5, using: &random), ranksPerHost: .random(in: 1...4, using: &random))
    let sizes = (1...topology.rankCount).filter { (try? TowerGroups(topology, size: $0)) != nil }
    // Two in seven are wide; more ranks than tables happen among the others.
    let features = Int.random(in: 1...(Int.random(in: 0..<7, using: &random) < 2 ? 40 : 10), using: &random)
    let isFlat = Int.random(in: 0..<3, using: &random) == 0
    let model = try RandomModel(
      features: features, towers: isFlat ? 0 : Int.random(in: 1...min(9, features), using: &random),
      dim: [4, 8, 13, 20].randomElement(using: &random) ?? 4, dropout: Bool.random(using: &random) ? 0.3 : 0,
      sharesTables: Bool.random(using: &random),
      firstOrder: isFlat && features > 1 && Bool.random(using: &random), random: &random)
    let runsTowers = Int.random(in: 0..<3, using: &random) > 0
    var shardings: [String: TableSharding] = [:]
    let share = [0, 2, 5].randomElement(using: &random) ?? 0
    for table in model.plan.tables where Int.random(in: 0..<6, using: &random) < share {
      // A tower that runs in its group cannot read a table that every rank holds.
      let allowed = TableSharding.allCases.filter { $0 != .dataParallel || strategy.name != "sptt" || !runsTowers }
      shardings[table.name] = allowed.randomElement(using: &random)
    }
    let clipNorm = Int.random(in: 0..<3, using: &random) == 0 ? Double.random(in: 0.02...0.3, using: &random) : nil
    let size = sizes.randomElement(using: &random)
    let verification = try VerificationTests.verification(
      model, topology.description, strategy, groupSize: size, runsTowers: runsTowers, tableShardings: shardings,
      tableOptimizer: optimizer, clipNorm: clipNorm,
      // One that most ranks cannot divide, fewer samples than ranks, one sample, none, and on again.
      batches: [.random(in: 9...23, using: &random), .random(in: 2...7, using: &random), 1, 0, 9], random: &random)
    try VerificationTests.expectSame(
      verification,
      "seed \(seed): \(topology) in tower groups of \(size ?? 0), \(features) features, \(model.plan.towers.count) towers"
        + "\(runsTowers ? "" : " on own samples"), \(optimizer.name), clip norm \(clipNorm ?? 0), \(shardings.count) tables "
        + "cut as told")
  }

  @Test func `every size of a tower group and every number of towers a group gives the model in one process`() throws {
    var random = SeededGenerator(seed: 71)
    for (topology, sizes) in [("4x2", [1, 2, 4, 8]), ("2x3", [1, 3, 6]), ("5x1", [1, 5])] {
      for size in sizes {
        for towers in [1, 2, 5, 9] {
          let model = try RandomModel(features: 10, towers: towers, random: &random)
          try VerificationTests.expectSame(
            try VerificationTests.verification(
              model, topology, SPTTSharding(), groupSize: size, batches: [11, 4], random: &random),
            "\(topology) in tower groups of \(size), \(towers) towers")
        }
      }
    }
  }

  @Test(arguments: [WireType.float16, .bfloat16, .int8]) func `a narrow wire rounds and does nothing else`(
    _ wire: WireType
  ) throws {
    for strategy in VerificationTests.strategies {
      var random = SeededGenerator(seed: 9)
      let model = try RandomModel(features: 6, towers: 2, random: &random)
      var verification = try VerificationTests.verification(model, "2x2", strategy, random: &random)
      var request = verification.flow.request
      request.forwardWire = wire
      request.backwardWire = wire
      verification.flow = try CheckedFlow(request: request, plan: strategy.plan(request))
      // Several roundings of 2^-8 (bfloat16) or of half a step of 1/127 (int8).
      for item in try verification.run([.embeddings, .float32]).items {
        let bound = item.check == .embeddings ? 0.02 : 0.2
        #expect(item.error <= bound * max(item.magnitude, 1e-3), "\(strategy.name) \(item.tensor) \(item.error)")
      }
    }
  }
}
