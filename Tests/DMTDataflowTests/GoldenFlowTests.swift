import DMTCore
import DMTDataflow
import Testing

@Suite struct GoldenFlowTests {
  @Test func `table-wise on 2x2 brings every sample its columns in one collective`() throws {
    let flow = try CheckedFlow(request("2x2", features: 4), FlatSharding.tableWise)
    #expect(flow.stepNames == ["exchange(world)", "lookup", "all_to_all(world)", "join"])
    #expect(flow.text(0) == ["[0, 1, 2, 3]"])
    #expect(
      flow.text(1) == [
        "[0, 1, 2, 3]: f0 0..<4", "[0, 1, 2, 3]: f1 0..<4", "[0, 1, 2, 3]: f2 0..<4", "[0, 1, 2, 3]: f3 0..<4",
      ])
    #expect(flow.text(2)[0] == "[0]: f0 0..<4 | [0]: f1 0..<4 | [0]: f2 0..<4 | [0]: f3 0..<4")
    #expect(flow.text(3) == (0..<4).map { "[\($0)]: f0 0..<4, f1 0..<4, f2 0..<4, f3 0..<4" })
    #expect(!flow.runsTowers)
  }

  @Test func `SPTT on 2x2 gathers a tower's features on its host, then talks to peers`() throws {
    let flow = try CheckedFlow(
      request("2x2", features: 4, towers: [([0, 2], 3, 0), ([1, 3], 5, 1)]), SPTTSharding())
    #expect(
      flow.stepNames == [
        "exchange(world)", "lookup", "all_to_all(tower)", "transpose", "tower", "all_to_all(peers)", "join",
      ])
    #expect(flow.text(0) == ["[0, 2, 1, 3]"])
    #expect(
      flow.text(1) == [
        "[0, 2, 1, 3]: f0 0..<4", "[0, 2, 1, 3]: f2 0..<4", "[0, 2, 1, 3]: f1 0..<4", "[0, 2, 1, 3]: f3 0..<4",
      ])
    #expect(
      flow.text(2) == [
        "[0, 2]: f0 0..<4 | [0, 2]: f2 0..<4", "[1, 3]: f0 0..<4 | [1, 3]: f2 0..<4",
        "[0, 2]: f1 0..<4 | [0, 2]: f3 0..<4", "[1, 3]: f1 0..<4 | [1, 3]: f3 0..<4",
      ])
    #expect(flow.text(3)[1] == "[1, 3]: f0 0..<4, f2 0..<4")
    #expect(flow.text(4) == ["[0, 2]: w0 0..<3", "[1, 3]: w0 0..<3", "[0, 2]: w1 0..<5", "[1, 3]: w1 0..<5"])
    #expect(flow.text(6) == (0..<4).map { "[\($0)]: w0 0..<3, w1 0..<5" })
    #expect(flow.runsTowers)
    #expect(flow.towerSamples == [[0, 2], [1, 3], [0, 2], [1, 3]])
  }

  /// Three hosts of two ranks: the order that the paper prints would be wrong here.
  @Test func `SPTT on 3x2 has the right order where hosts and ranks a host differ`() throws {
    let flow = try CheckedFlow(
      request("3x2", features: 4, towers: [([0, 1], 2, 0), ([2], 2, 2), ([3], 1, 2)]), SPTTSharding())
    #expect(flow.text(0) == ["[0, 2, 4, 1, 3, 5]"])
    #expect(
      flow.text(4) == [
        "[0, 2, 4]: w0 0..<2", "[1, 3, 5]: w0 0..<2", "", "", "[0, 2, 4]: w1 0..<2 | [0, 2, 4]: w2 0..<1",
        "[1, 3, 5]: w1 0..<2 | [1, 3, 5]: w2 0..<1",
      ])
    #expect(flow.text(6) == (0..<6).map { "[\($0)]: w0 0..<2, w1 0..<2, w2 0..<1" })
  }

  @Test func `row-wise shards give partial sums that are reduced and divided`() throws {
    var request = try request("1x2", features: 1)
    request.features[0].pooling = .mean
    let flow = try CheckedFlow(request, FlatSharding.rowWise)
    #expect(flow.stepNames == ["exchange(world)", "lookup", "reduce_scatter(world)", "scale", "join"])
    #expect(flow.text(1) == ["[0, 1]: f0 0..<4 rows 0..<50 unscaled", "[0, 1]: f0 0..<4 rows 50..<100 unscaled"])
    #expect(flow.text(2) == ["[0]: f0 0..<4 unscaled", "[1]: f0 0..<4 unscaled"])
    #expect(flow.text(3) == ["[0]: f0 0..<4", "[1]: f0 0..<4"])
    #expect(
      flow.pieces(ofLookup: 1, rank: 1) == [LookupPiece(feature: 0, table: 0, shard: 1)])
  }

  @Test func `table-row-wise stays in a tower group until the sums are whole`() throws {
    let flow = try CheckedFlow(request("2x2", features: 2), FlatSharding.tableRowWise)
    #expect(
      flow.stepNames == [
        "exchange(world)", "lookup", "reduce_scatter(tower)", "scale", "all_to_all(peers)", "join",
      ])
    #expect(flow.text(1)[3] == "[0, 2, 1, 3]: f1 0..<4 rows 50..<100")
    #expect(flow.text(2)[3] == "[1, 3]: f1 0..<4")
    #expect(flow.text(5)[3] == "[3]: f0 0..<4, f1 0..<4")
  }

  @Test func `replicated tables are looked up where the samples are`() throws {
    let flow = try CheckedFlow(request("2x2", features: 2), FlatSharding.dataParallel)
    #expect(flow.stepNames == ["lookup", "join"])
    #expect(flow.text(1)[2] == "[2]: f0 0..<4, f1 0..<4")
    #expect(flow.pieces(ofLookup: 0, rank: 0).map(\.shard) == [nil, nil])
  }

  @Test func `every sharding of tables has a branch in one flow`() throws {
    var request = try request("2x2", features: 5, dim: 8)
    for (table, sharding) in TableSharding.allCases.enumerated() { request.tables[table].sharding = sharding }
    let flow = try CheckedFlow(request, FlatSharding.tableWise)
    #expect(
      flow.stepNames == [
        "exchange(world)", "lookup", "all_to_all(world)", "lookup", "reduce_scatter(world)", "scale", "lookup", "join",
      ])
    #expect(flow.plan.placement.replicated == [1])
    #expect(flow.plan.placement.shards.filter { $0.table == 3 }.map(\.columns) == [0..<4, 4..<8])
    #expect(flow.plan.placement.shards.filter { $0.table == 4 }.map(\.rank) == [0, 1, 2, 3])
  }

  @Test func `numbers are cast before each collective, and native after it`() throws {
    var request = try request("2x2", features: 4, towers: [([0, 2], 3, 0), ([1, 3], 5, 1)])
    request.forwardWire = .float16
    request.backwardWire = .bfloat16
    let flow = try CheckedFlow(request, SPTTSharding())
    #expect(
      flow.stepNames == [
        "exchange(world)", "lookup", "cast", "all_to_all(tower)", "transpose", "tower", "cast", "all_to_all(peers)",
        "join",
      ])
    guard case .values(_, let forward, let backward) = flow.types[6] else {
      Issue.record("step 6 has no numbers")
      return
    }
    #expect(forward == .float16)
    #expect(backward == .bfloat16)
  }

  @Test func `an exchange in the order of ranks and a permute are an exchange in the order of peers`() throws {
    let plan = try SPTTSharding().plan(request("3x2", features: 4))
    var flow = Dataflow()
    _ = flow.add(.exchange(features: [0, 1, 2, 3], group: .world, order: .ranks))
    _ = flow.add(.lookup(features: [0, 1, 2, 3], exchange: 0))
    _ = flow.add(.permute(input: 1, order: .peers))
    _ = flow.add(.allToAll(input: 2, group: .tower))
    _ = flow.add(.transpose(input: 3))
    _ = flow.add(.allToAll(input: 4, group: .peers))
    let checked = try CheckedFlow(
      request: request("3x2", features: 4), plan: ShardingPlan(placement: plan.placement, dataflow: flow))
    #expect(checked.text(1)[0] == "[0, 1, 2, 3, 4, 5]: f0 0..<4")
    #expect(checked.text(2)[0] == "[0, 2, 4, 1, 3, 5]: f0 0..<4")
    #expect(checked.text(4)[1] == "[1, 3, 5]: f0 0..<4, f3 0..<4")
  }

  /// The one of docs/sharding.md.
  private struct OneRank: ShardingStrategy {
    let name = "com.example.one_rank"
    let summary = "Every table on rank 0."

    func plan(_ request: ShardingRequest) throws(DMTError) -> ShardingPlan {
      var plan = ShardingPlan()
      plan.placement.shards = request.tables.enumerated().map {
        TableShard(table: $0, rank: 0, rows: 0..<$1.rows, columns: 0..<$1.dim)
      }
      let features = Array(request.features.indices)
      let exchange = plan.dataflow.add(.exchange(features: features, group: .world, order: .ranks))
      let sums = plan.dataflow.add(.lookup(features: features, exchange: exchange))
      let cast = plan.dataflow.add(
        .cast(input: sums, forward: request.forwardWire, backward: request.backwardWire))
      _ = plan.dataflow.add(.allToAll(input: cast, group: .world))
      return plan
    }
  }

  @Test func `the strategy of the documentation passes`() throws {
    let flow = try CheckedFlow(request("2x2", features: 2), OneRank())
    #expect(flow.text(3) == (0..<4).map { "[\($0)]: f0 0..<4, f1 0..<4" })
  }
}
