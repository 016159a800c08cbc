import DMTCore
import DMTDataflow
import DMTDistributed
import DMTManifest
import DMTRuntime
import Testing

/// A model on ranks is the model in one process.
@Suite struct VerificationTests {
  static let strategies: [any ShardingStrategy] = FlatSharding.all + [SPTTSharding()]

  static func verification(
    _ model: RandomModel, _ topology: String, _ strategy: any ShardingStrategy, groupSize: Int? = nil,
    runsTowers: Bool = true, tableShardings: [String: TableSharding] = [:],
    optimizer: OptimizerSpec = OptimizerSpec(name: "adam", learningRate: 0.01),
    tableOptimizer: OptimizerSpec = OptimizerSpec(name: "sgd", learningRate: 0.1), clipNorm: Double? = nil,
    batches: [Int] = [13, 8, 5], dense: DenseSharding = .replicated,
    lookup: LookupTiming = .synchronous, random: inout SeededGenerator
  ) throws -> Verification {
    let topology = try Topology(parsing: topology)
    let distribution = Distribution(
      topology, towerGroupSize: groupSize, runsTowers: runsTowers, tableShardings: tableShardings)
    let request = try distribution.request(for: model.plan, batch: 16)
    let flow = try CheckedFlow(request: request, plan: strategy.plan(request))
    var first = 0
    var all: [Batch] = []
    for count in batches {
      all.append(model.batch(count, first: first, random: &random))
      first += count
    }
    return Verification(
      plan: model.plan, flow: flow, strategy: strategy.name, isSingle: model.isSingle,
      settings: .init(
        seed: 3, policy: BackendPolicy(order: ["reference"]), optimizer: optimizer, tableOptimizer: tableOptimizer,
        clipNorm: clipNorm), components: .builtin, interconnect: ThreadsInterconnect(), batches: all,
      counts: batches.map { RankModel.counts(ofGlobalBatch: $0, ranks: topology.rankCount) }, dense: dense,
      lookup: lookup)
  }

  static func expectSame(
    _ verification: Verification, _ what: String = "",
    checks: [VerificationReport.Check] = VerificationReport.Check.allCases
  ) throws {
    let report = try verification.run(checks)
    let bad = report.items.filter { !$0.isWithin }.map { "\($0.check) \($0.tensor): \($0.error)" }
    #expect(report.passed, "\(what) \(report.strategy) \(report.topology): \(bad.prefix(8))")
  }

  @Test(arguments: ["1x1", "1x2", "2x1", "2x2", "3x2", "1x5"])
  func `every strategy computes the flat model with two towers`(_ topology: String) throws {
    for strategy in Self.strategies {
      var random = SeededGenerator(seed: 5)
      // Eight columns or more can be cut.
      let model = try RandomModel(features: 6, towers: 2, dim: 12, dropout: 0.3, random: &random)
      try Self.expectSame(try Self.verification(model, topology, strategy, random: &random))
    }
  }

  @Test(
    arguments: [
      ("sgd", nil), ("adagrad", nil), ("rowwise_adagrad", nil), ("lazy_adam", nil), ("adam", nil),
      ("rowwise_adagrad", 0.1),
      ("adam", 0.05),
    ] as [(String, Double?)])
  func `every optimizer of tables updates them as in one process`(_ optimizer: String, _ clipNorm: Double?) throws {
    for strategy in Self.strategies {
      var random = SeededGenerator(seed: 6)
      let model = try RandomModel(features: 5, towers: 2, dim: 8, random: &random)
      try Self.expectSame(
        try Self.verification(
          model, "2x2", strategy, tableOptimizer: OptimizerSpec(name: optimizer, learningRate: 0.05),
          clipNorm: clipNorm, random: &random), optimizer)
    }
  }
}
