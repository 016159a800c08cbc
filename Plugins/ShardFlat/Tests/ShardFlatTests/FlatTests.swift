import DMTPluginKit
import Testing

import ShardFlat

/// Four tables of eight columns on two hosts of two ranks. The rules that every plan keeps are tested where they are
/// checked, in DMTDataflowTests of the root package; this is what tells the strategies apart.
private func request(lookups: [Double] = [1, 1, 1, 1]) throws -> ShardingRequest {
  ShardingRequest(
    groups: try TowerGroups(Topology(hosts: 2, ranksPerHost: 2), size: 2),
    tables: lookups.indices.map { ShardingTable(name: "t\($0)", rows: 100, dim: 8, rowBytes: 32) },
    features: lookups.enumerated().map { ShardingFeature(name: "f\($0)", table: $0, pooling: .sum, lookups: $1) },
    batch: 64)
}

@Suite("The flat strategies")
struct FlatTests {
  @Test("have the names that manifests use")
  func names() {
    #expect(
      FlatSharding.all.map(\.name) == ["data_parallel", "table_wise", "column_wise", "row_wise", "table_row_wise"])
  }

  @Test("data_parallel replicates every table and sends nothing")
  func dataParallel() throws {
    let plan = try FlatSharding.dataParallel.plan(request())
    #expect(plan.placement == Placement(replicated: [0, 1, 2, 3]))
    #expect(plan.dataflow.steps == [.lookup(features: [0, 1, 2, 3], exchange: nil), .join(inputs: [0])])
  }

  @Test("table_wise balances by row numbers")
  func tableWise() throws {
    let plan = try FlatSharding.tableWise.plan(request(lookups: [1, 9, 1, 1]))
    #expect(plan.placement.shards.map(\.rank) == [1, 0, 2, 3])
    #expect(plan.placement.shards.allSatisfy { $0.rows == 0..<100 && $0.columns == 0..<8 })
    #expect(plan.dataflow.steps.map(\.name) == ["exchange", "lookup", "all_to_all", "join"])
  }

  @Test("column_wise gives every rank the same")
  func columnWise() throws {
    let shards = try FlatSharding.columnWise.plan(request()).placement.shards
    #expect(shards.count == 8)
    #expect((0..<4).allSatisfy { rank in shards.count { $0.rank == rank } == 2 })
    #expect(shards.allSatisfy { $0.columns.count == 4 })
  }

  @Test("row_wise puts rows of every table on every rank, and reduces")
  func rowWise() throws {
    let plan = try FlatSharding.rowWise.plan(request())
    #expect(plan.placement.shards.filter { $0.table == 2 }.map(\.rows) == [0..<25, 25..<50, 50..<75, 75..<100])
    #expect(plan.dataflow.steps.map(\.name) == ["exchange", "lookup", "reduce_scatter", "scale", "join"])
  }

  @Test("table_row_wise stays in a tower group, and balances groups")
  func tableRowWise() throws {
    let plan = try FlatSharding.tableRowWise.plan(request(lookups: [9, 1, 1, 1]))
    #expect(plan.placement.shards.filter { $0.table == 0 }.map(\.rank) == [0, 1])
    for table in 1...3 { #expect(plan.placement.shards.filter { $0.table == table }.map(\.rank) == [2, 3]) }
    #expect(plan.dataflow.steps.map(\.name) == ["exchange", "lookup", "reduce_scatter", "scale", "all_to_all", "join"])
  }

  @Test("a wire type is a cast before the collective")
  func wire() throws {
    var request = try request()
    request.forwardWire = .float16
    request.backwardWire = .bfloat16
    let steps = try FlatSharding.tableWise.plan(request).dataflow.steps
    #expect(steps[2] == .cast(input: 1, forward: .float16, backward: .bfloat16))
    #expect(steps[3] == .allToAll(input: 2, group: .world))
  }
}
