import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime
import Testing

/// What a dataflow's types say of its bytes is what ranks send.
@Suite struct SentBytesTests {
  private static let samples = 401

  /// One step on ranks that count, with what the types say of it.
  private static func step(
    _ strategy: any ShardingStrategy, _ topology: String, wire: WireType, runsTowers: Bool,
    tableOptimizer: OptimizerSpec = OptimizerSpec(name: "sgd"), random: inout SeededGenerator
  ) throws -> (ledger: CountingInterconnect.Ledger, flow: CheckedFlow, traffic: FlowTraffic, counts: [Int]) {
    let model = try RandomModel(features: 9, towers: 3, dim: 16, random: &random)
    var verification = try VerificationTests.verification(
      model, topology, strategy, runsTowers: runsTowers, tableOptimizer: tableOptimizer, batches: [samples],
      random: &random)
    let batch = verification.batches[0]
    var request = verification.flow.request
    request.forwardWire = wire
    request.backwardWire = wire
    for feature in request.features.indices {
      let bags = batch.jagged(feature: model.plan.batchFeatures[feature])
      request.features[feature].lookups = Double(bags.valueCount) / Double(batch.count)
    }
    verification.flow = try CheckedFlow(request: request, plan: strategy.plan(request))
    let interconnect = CountingInterconnect()
    let world = try RankWorld(verification, settings: verification.settings, interconnect: interconnect)
    try world.trainStep(batch, step: 1)
    let counts = verification.counts[0]
    return (interconnect.ledger, verification.flow, verification.flow.traffic { counts[$0] }, counts)
  }

  /// What a rank sent on a lane.
  private static func sent(
    _ ledger: CountingInterconnect.Ledger, _ lane: Lane, from rank: Int, _ topology: Topology
  ) -> LinkBytes {
    (0..<topology.rankCount).filter { $0 != rank }.reduce(into: LinkBytes()) { sum, other in
      let bytes = Double(ledger[.init(lane: lane, from: rank, to: other)])
      sum +=
        topology.host(of: rank) == topology.host(of: other)
        ? LinkBytes(insideHost: bytes) : LinkBytes(acrossHosts: bytes)
    }
  }

  @Test(arguments: ["2x2", "3x2", "1x5"], [WireType.native, .float16, .int8])
  func `embeddings and their gradients take the bytes that the types say, to the byte`(
    _ topology: String, _ wire: WireType
  ) throws {
    for strategy in VerificationTests.strategies where strategy.name != "data_parallel" {
      for runsTowers in [true, false] {
        var random = SeededGenerator(seed: 61)
        let (ledger, flow, traffic, _) = try Self.step(
          strategy, topology, wire: wire, runsTowers: runsTowers, random: &random)
        for rank in 0..<flow.request.groups.topology.rankCount {
          let expected = traffic.steps.filter { $0.name != "exchange" }
            .reduce(LinkBytes()) { $0 + $1.forward[rank] + $1.backward[rank] }
          let found = Self.sent(ledger, .embedding, from: rank, flow.request.groups.topology)
          #expect(found == expected, "\(strategy.name) \(topology) \(wire) rank \(rank)")
        }
      }
    }
  }

  @Test(arguments: ["2x2", "3x2"], [WireType.native, .float16, .int8])
  func `what is gathered takes the bytes that the types say, to the byte`(_ topology: String, _ wire: WireType) throws {
    // Of tables that every rank holds the updates would be counted too.
    for strategy in GatheringSharding.all where !strategy.isReplicated {
      var random = SeededGenerator(seed: 64)
      let (ledger, flow, traffic, _) = try Self.step(
        strategy, topology, wire: wire, runsTowers: false, random: &random)
      #expect(traffic.steps.contains { $0.name == "all_gather" })
      for rank in 0..<flow.request.groups.topology.rankCount {
        let expected = traffic.steps.filter { $0.name != "exchange" }
          .reduce(LinkBytes()) { $0 + $1.forward[rank] + $1.backward[rank] }
        let found = Self.sent(ledger, .embedding, from: rank, flow.request.groups.topology)
        #expect(found == expected, "\(strategy.name) \(topology) \(wire) rank \(rank)")
      }
    }
  }

  @Test(arguments: ["2x2", "3x2", "1x5"])
  func `row numbers take the bytes that the types say, within a twentieth`(_ topology: String) throws {
    for strategy in VerificationTests.strategies where strategy.name != "data_parallel" {
      var random = SeededGenerator(seed: 62)
      let (ledger, flow, traffic, _) = try Self.step(
        strategy, topology, wire: .native, runsTowers: true, random: &random)
      let expected = traffic.steps.filter { $0.name == "exchange" }
        .reduce(LinkBytes()) { $0 + LinkBytes.sum($1.forward) }
      let found = (0..<flow.request.groups.topology.rankCount).reduce(LinkBytes()) {
        $0 + Self.sent(ledger, .index, from: $1, flow.request.groups.topology)
      }
      for (found, expected) in [(found.insideHost, expected.insideHost), (found.acrossHosts, expected.acrossHosts)] {
        #expect(abs(found - expected) <= 0.05 * expected, "\(strategy.name) \(topology): \(found), not \(expected)")
      }
    }
  }

  @Test(arguments: ["1x2", "2x2", "3x2"])
  func `updates of tables send what the forecast allows and not much less`(_ topology: String) throws {
    // Nearly all rows of these small tables are touched.
    for (strategy, optimizer) in [(FlatSharding.dataParallel, "adagrad"), (.columnWise, "rowwise_adagrad")] {
      var random = SeededGenerator(seed: 63)
      let spec = OptimizerSpec(name: optimizer)
      let (ledger, flow, traffic, counts) = try Self.step(
        strategy, topology, wire: .native, runsTowers: false, tableOptimizer: spec, random: &random)
      let forecast = TableUpdateForecast(flow, optimizer: spec, dtype: .float32) { counts[$0] }
      let found = counts.indices.reduce(LinkBytes()) {
        $0 + Self.sent(ledger, .embedding, from: $1, flow.request.groups.topology)
      }
      let flowBytes = traffic.steps.filter { $0.name != "exchange" }
        .reduce(LinkBytes()) { $0 + LinkBytes.sum($1.forward) + LinkBytes.sum($1.backward) }
      let allowed = LinkBytes.sum(forecast.replicated) + LinkBytes.sum(forecast.split)
      let (most, sent) = (
        allowed.insideHost + allowed.acrossHosts,
        found.insideHost + found.acrossHosts - flowBytes.insideHost - flowBytes.acrossHosts
      )
      #expect(sent <= most && sent > 0.9 * most, "\(strategy.name) \(topology): \(sent) of \(most)")
    }
  }
}
