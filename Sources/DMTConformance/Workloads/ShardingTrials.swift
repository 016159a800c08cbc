internal import DMTCore
internal import DMTDataflow
internal import DMTPluginHost

/// What a sharding strategy is asked: random models on several topologies.
struct ShardingTrials {
  let all: [ShardingTrial]

  init(_ context: TestContext, _ plugin: SubjectPlugin) throws {
    let component = try context.tested()
    guard let strategy = plugin.loaded.strategies.first(where: { $0.name == component.id }) else {
      throw context.skip("this host does not know revision \(component.revision) of strategies")
    }
    var all: [ShardingTrial] = []
    for (hosts, ranks) in [(1, 1), (1, 2), (2, 2), (4, 2), (1, 4), (3, 1), (2, 3), (5, 4)] {
      for variant in 0..<4 {
        let request = try Self.request(
          hosts, ranks, SeededGenerator(seed: context.seed, "sharding \(hosts)x\(ranks) \(variant)"))
        all.append(ShardingTrial(strategy: strategy, request: request))
      }
    }
    self.all = all
  }

  private static func request(
    _ hosts: Int, _ ranks: Int, _ generator: SeededGenerator
  ) throws(DMTError) -> ShardingRequest {
    var random = generator
    let topology = try Topology(hosts: hosts, ranksPerHost: ranks)
    let groups = try TowerGroups(topology, size: ranks)
    let count = Int.random(in: 1...12, using: &random)
    let towerCount = Int.random(in: 0...min(4, count), using: &random)
    let runsTowers = towerCount > 0 && Bool.random(using: &random)
    var features: [ShardingFeature] = []
    var tables: [ShardingTable] = []
    for index in 0..<count {
      let tower: Int? =
        index < towerCount ? index : towerCount > 0 ? Int.random(in: 0..<towerCount, using: &random) : nil
      var table = tables.count
      if index > 0, Int.random(in: 0..<6, using: &random) == 0 {
        table = Int.random(in: 0..<tables.count, using: &random)
      } else {
        let dim = [1, 3, 4, 8, 16].randomElement(using: &random) ?? 4
        let allowed = TableSharding.allCases.filter { !(runsTowers && $0 == .dataParallel) }
        tables.append(
          ShardingTable(
            name: "t\(table)", rows: [1, 2, 7, 100, 5000].randomElement(using: &random) ?? 1, dim: dim,
            rowBytes: Double(4 * dim),
            sharding: Bool.random(using: &random) ? allowed.randomElement(using: &random) ?? .automatic : .automatic))
      }
      features.append(
        ShardingFeature(
          name: "f\(index)", table: table, pooling: Bool.random(using: &random) ? .sum : .mean,
          lookups: [0.5, 1, 3, 20].randomElement(using: &random) ?? 1, tower: tower))
    }
    let assignment = try TowerAssignment.assign(
      towerCount: towerCount, features: features, tables: tables, groupCount: groups.count)
    var towers: [ShardingTower] = []
    for (index, group) in assignment.enumerated() {
      towers.append(ShardingTower(name: "w\(index)", outputColumns: .random(in: 1...9, using: &random), group: group))
    }
    return ShardingRequest(
      groups: groups, tables: tables, features: features, towers: towers, batch: 8 * topology.rankCount,
      forwardWire: WireType.allCases.randomElement(using: &random) ?? .native,
      backwardWire: WireType.allCases.randomElement(using: &random) ?? .native, runsTowers: runsTowers)
  }
}

/// A question to a strategy.
struct ShardingTrial {
  let strategy: PluginSharding
  let request: ShardingRequest

  var name: String {
    "\(request.features.count) features of \(request.tables.count) tables in \(request.towers.count) towers on "
      + "\(request.groups.topology)"
  }

  func run(_ context: TestContext) throws -> ShardingPlan {
    context.phase("planning \(name)")
    return try strategy.plan(request)
  }
}
