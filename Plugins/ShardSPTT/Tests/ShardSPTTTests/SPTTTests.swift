import DMTPluginKit
import Testing

import ShardSPTT

/// Four tables in two towers on two hosts of two ranks. The rules that every plan keeps are tested where they are checked,
/// in DMTDataflowTests of the root package.
private func request(runsTowers: Bool = true) throws -> ShardingRequest {
  ShardingRequest(
    groups: try TowerGroups(Topology(hosts: 2, ranksPerHost: 2), size: 2),
    tables: (0..<4).map { ShardingTable(name: "t\($0)", rows: 10_000, dim: 8, rowBytes: 32) },
    features: (0..<4).map { ShardingFeature(name: "f\($0)", table: $0, pooling: .sum, tower: $0 % 2) },
    towers: [
      ShardingTower(name: "a", outputColumns: 4, group: 0), ShardingTower(name: "b", outputColumns: 4, group: 1),
    ], batch: 64, runsTowers: runsTowers)
}

@Suite("SPTT")
struct SPTTTests {
  @Test("puts a tower's tables on the ranks of its tower group")
  func homes() throws {
    let shards = try SPTTSharding().plan(request()).placement.shards
    #expect(Set(shards.filter { $0.table % 2 == 0 }.map(\.rank)) == [0, 1])
    #expect(Set(shards.filter { $0.table % 2 == 1 }.map(\.rank)) == [2, 3])
  }

  @Test("runs towers between the two collectives, or leaves them out")
  func steps() throws {
    let names = try SPTTSharding().plan(request()).dataflow.steps.map(\.name)
    #expect(names == ["exchange", "lookup", "all_to_all", "transpose", "tower", "all_to_all", "join"])
    let without = try SPTTSharding().plan(request(runsTowers: false)).dataflow.steps.map(\.name)
    #expect(without == ["exchange", "lookup", "all_to_all", "transpose", "all_to_all", "join"])
  }

  @Test("mixes whole tables and rows inside a tower group")
  func mixed() throws {
    var request = try request()
    request.tables[0].sharding = .rowWise
    let plan = try SPTTSharding().plan(request)
    #expect(plan.placement.shards.filter { $0.table == 0 }.map(\.rows) == [0..<5000, 5000..<10_000])
    #expect(
      plan.dataflow.steps.map(\.name) == [
        "exchange", "lookup", "all_to_all", "transpose", "lookup", "reduce_scatter", "scale", "join", "tower",
        "all_to_all", "join",
      ])
  }

  @Test("lets features outside towers pass")
  func passing() throws {
    var request = try request()
    request.features.append(ShardingFeature(name: "alone", table: 4, pooling: .sum))
    request.tables.append(ShardingTable(name: "t4", rows: 10, dim: 1, rowBytes: 8))
    let steps = try SPTTSharding().plan(request).dataflow.steps
    #expect(steps.contains(.lookup(features: [4], exchange: 0)))
    #expect(steps.count { $0.name == "tower" } == 1)
  }
}
