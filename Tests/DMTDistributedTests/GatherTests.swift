import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime
import Testing

/// A dataflow that gathers is executed.
@Suite struct GatherTests {
  @Test(arguments: 0..<18) func `a flow that gathers trains as one process at a random layout`(_ seed: Int) throws {
    var random = SeededGenerator(seed: 300 + seed)
    let strategy = GatheringSharding.all[seed % GatheringSharding.all.count]
    let topology = try Topology(
      hosts: .random(in: 1...4, using: &random), ranksPerHost: .random(in: 1...4, using: &random))
    let sizes = (1...topology.rankCount).filter { (try? TowerGroups(topology, size: $0)) != nil }
    let size = sizes.randomElement(using: &random)
    let features = Int.random(in: 1...9, using: &random)
    let model = try RandomModel(
      features: features, towers: Int.random(in: 0...min(3, features), using: &random), dim: 8, dropout: 0.3,
      sharesTables: Bool.random(using: &random), random: &random)
    let verification = try VerificationTests.verification(
      model, topology.description, strategy, groupSize: size, runsTowers: false,
      tableOptimizer: OptimizerSpec(
        name: ["adagrad", "rowwise_adagrad", "adam"].randomElement(using: &random) ?? "adagrad", learningRate: 0.05),
      clipNorm: Bool.random(using: &random) ? 0.1 : nil,
      batches: [.random(in: 9...23, using: &random), .random(in: 1...5, using: &random), 0, 9], random: &random)
    #expect(verification.flow.dropsSamples)
    try VerificationTests.expectSame(verification, "seed \(seed): tower groups of \(size ?? 0)")
  }

  @Test(arguments: GatheringSharding.all.indices, [WireType.float16, .bfloat16, .int8])
  func `a narrow wire rounds what is gathered and does nothing else`(_ index: Int, _ wire: WireType) throws {
    let strategy = GatheringSharding.all[index]
    var random = SeededGenerator(seed: 9)
    let model = try RandomModel(features: 6, towers: 2, random: &random)
    var verification = try VerificationTests.verification(model, "2x2", strategy, runsTowers: false, random: &random)
    var request = verification.flow.request
    request.forwardWire = wire
    request.backwardWire = wire
    verification.flow = try CheckedFlow(request: request, plan: strategy.plan(request))
    // Two roundings, of 2^-8 (bfloat16) or of half a step of 1/127 (int8).
    for item in try verification.run([.embeddings, .float32]).items {
      let bound = item.check == .embeddings ? 0.02 : 0.2
      #expect(item.error <= bound * max(item.magnitude, 1e-3), "\(strategy.name) \(item.tensor) \(item.error)")
    }
  }
}
