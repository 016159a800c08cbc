import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime
import Testing

/// Random models at random layouts are the model in one process.
@Suite struct RandomLayoutTests {
  @Test(arguments: 1...36) func `a random model at a random layout is the model in one process`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let topology = try Topology(
      hosts: .random(in: 1...5, using: &random), ranksPerHost: .random(in: 1...4, using: &random))
    let sizes = (1...topology.rankCount).filter { (try? TowerGroups(topology, size: $0)) != nil }
    let features = Int.random(in: 1...(seed % 6 == 0 ? 40 : 12), using: &random)
    let towers = Int.random(in: 0...min(9, features), using: &random)
    let strategy = VerificationTests.strategies[seed % VerificationTests.strategies.count]
    let model = try RandomModel(
      features: features, towers: towers, dim: Bool.random(using: &random) ? 4 : 8,
      dropout: Bool.random(using: &random) ? 0.3 : 0, sharesTables: towers == 0 && Bool.random(using: &random),
      firstOrder: towers == 0 && features > 1 && seed % 5 == 0, random: &random)
    var shardings: [String: TableSharding] = [:]
    let runsTowers = Bool.random(using: &random)
    for table in model.plan.tables where Int.random(in: 0..<3, using: &random) == 0 {
      // A tower that runs in its group cannot read a table that every rank holds.
      let allowed = TableSharding.allCases.filter { $0 != .dataParallel || strategy.name != "sptt" || !runsTowers }
      shardings[table.name] = allowed.randomElement(using: &random)
    }
    let optimizers = ["sgd", "adagrad", "rowwise_adagrad", "lazy_adam", "adam"]
    let verification = try VerificationTests.verification(
      model, topology.description, strategy, groupSize: sizes.randomElement(using: &random), runsTowers: runsTowers,
      tableShardings: shardings,
      tableOptimizer: OptimizerSpec(name: optimizers[seed % optimizers.count], learningRate: 0.05),
      clipNorm: seed % 4 == 0 ? 0.2 : nil,
      // One that ranks do not divide, one with fewer samples than ranks, one without any.
      batches: [13, 7, 1, 0, 9], random: &random)
    try VerificationTests.expectSame(verification, "seed \(seed), \(features) features, \(towers) towers")
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
