import DMTCore
import DMTDataflow
import Testing

@Suite struct TowerAssignmentTests {
  private func assign(_ costs: [Double], groups: Int, shared: [(Int, Int)] = []) throws -> [Int] {
    var tables = costs.indices.map { ShardingTable(name: "t\($0)", rows: 10, dim: 1, rowBytes: 8) }
    var features = costs.enumerated().map {
      ShardingFeature(name: "f\($0)", table: $0, pooling: .sum, lookups: $1 - 1, tower: $0)
    }
    for (a, b) in shared {
      for tower in [a, b] {
        features.append(ShardingFeature(name: "s", table: tables.count, pooling: .sum, lookups: 1, tower: tower))
      }
      tables.append(ShardingTable(name: "s", rows: 10, dim: 1, rowBytes: 8))
    }
    return try TowerAssignment.assign(
      towerCount: costs.count, features: features, tables: tables, groupCount: groups)
  }

  @Test func `equal towers go to the groups in turn`() throws {
    #expect(try assign([2, 2, 2, 2], groups: 4) == [0, 1, 2, 3])
    #expect(try assign([2, 2, 2, 2, 2], groups: 2) == [0, 1, 0, 1, 0])
  }

  @Test func `with fewer towers than groups some groups serve none`() throws {
    #expect(try assign([2, 5], groups: 4) == [1, 0])
  }

  @Test func `costly towers come first`() throws {
    #expect(try assign([1, 1, 1, 9, 3], groups: 2) == [1, 1, 1, 0, 1])
  }

  @Test func `towers that share a table stay together`() throws {
    let result = try assign([1, 1, 1, 1, 1], groups: 3, shared: [(0, 3), (3, 4)])
    #expect(result[0] == result[3] && result[3] == result[4])
    #expect(Set(result).count == 3)
  }

  @Test func `no tower group is refused`() {
    #expect(throws: DMTError.self) { try assign([1], groups: 0) }
  }
}

/// What the strategies do with tables, apart from the rules that every plan keeps.
@Suite struct StrategyTests {
  @Test func `a group with fewer tables than ranks cuts them by columns, so that every rank has work`() throws {
    var request = try request("2x4", features: 2, dim: 16, towers: [([0], 4, 0), ([1], 4, 1)])
    request.tables[1].rows = 1_000_000
    request.features[1].lookups = 20
    let shards = try SPTTSharding().plan(request).placement.shards
    #expect(shards.filter { $0.table == 0 }.map(\.columns) == [0..<4, 4..<8, 8..<12, 12..<16])
    #expect(Set(shards.filter { $0.table == 0 }.map(\.rank)) == [0, 1, 2, 3])
    // Bags of many row numbers in many rows: by rows.
    #expect(shards.filter { $0.table == 1 }.map(\.rows.count) == [250_000, 250_000, 250_000, 250_000])
    #expect(shards.filter { $0.table == 1 }.map(\.rank) == [4, 5, 6, 7])
  }

  @Test func `a flat model under SPTT is dealt to tower groups by cost`() throws {
    let flow = try CheckedFlow(request("4x1", features: 8), SPTTSharding())
    let load = Dictionary(grouping: flow.plan.placement.shards, by: \.rank).mapValues(\.count)
    #expect(load == [0: 2, 1: 2, 2: 2, 3: 2])
  }

  @Test func `a tower's table cannot be on every rank, nor in two tower groups`() throws {
    var request = try request("2x1", features: 2, towers: [([0], 1, 0), ([1], 1, 1)])
    request.features[1].table = 0
    let shared = #expect(throws: DMTError.self) { try SPTTSharding().plan(request) }
    #expect(
      shared?.message == "features 'f0' and 'f1' read table 't0', and tower groups 0 and 1 serve their towers")
    #expect(shared?.code == .invalidArgument)
    request.tables[0].sharding = .dataParallel
    let replicated = #expect(throws: DMTError.self) { try SPTTSharding().plan(request) }
    #expect(
      replicated?.message.contains("feature 'f0' of tower 'w0' reads table 't0', which every rank is to hold") == true)
    request.runsTowers = false
    #expect(throws: Never.self) { try CheckedFlow(request, SPTTSharding()) }
    request.tables[0].sharding = .automatic
    #expect(throws: Never.self) { try CheckedFlow(request, SPTTSharding()) }
  }

  @Test func `columns are cut in fours, the last part takes the rest`() {
    #expect(Cuts.columns(18, into: 3) == [0..<4, 4..<8, 8..<18])
    #expect(Cuts.columns(32, into: 3) == [0..<8, 8..<20, 20..<32])
    #expect(Cuts.columns(7, into: 3) == [0..<7])
    #expect(Cuts.columns(3, into: 3) == [0..<3])
    #expect(Cuts.evenly(2, into: 4).map(\.count) == [0, 1, 0, 1])
  }
}
