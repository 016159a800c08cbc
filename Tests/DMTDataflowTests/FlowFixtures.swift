import DMTCore
import DMTDataflow

/// Every strategy of the first-party plugins.
let everyStrategy: [any ShardingStrategy] = FlatSharding.all + [SPTTSharding()]

/// A request with a table for each feature, called f0, f1, .. of `dim` columns and 100 rows.
func request(
  _ topology: String, features: Int, dim: Int = 4, towers: [(features: [Int], output: Int, group: Int)] = [],
  groupSize: Int? = nil, runsTowers: Bool = true
) throws -> ShardingRequest {
  let topology = try Topology(parsing: topology)
  var wanted = (0..<features).map { ShardingFeature(name: "f\($0)", table: $0, pooling: .sum) }
  for (tower, description) in towers.enumerated() {
    for feature in description.features { wanted[feature].tower = tower }
  }
  return ShardingRequest(
    groups: try TowerGroups(topology, size: groupSize ?? topology.ranksPerHost),
    tables: (0..<features).map { ShardingTable(name: "t\($0)", rows: 100, dim: dim, rowBytes: Double(4 * dim)) },
    features: wanted,
    towers: towers.enumerated().map {
      ShardingTower(name: "w\($0)", outputColumns: $1.output, group: $1.group)
    }, batch: 64, runsTowers: runsTowers)
}

extension CheckedFlow {
  init(_ request: ShardingRequest, _ strategy: any ShardingStrategy) throws(DMTError) {
    try self.init(request: request, plan: try strategy.plan(request))
  }

  /// The types of a step: for an exchange the order of samples, otherwise for each rank its blocks, as
  /// `samples: feature columns ..`.
  func text(_ step: Int) -> [String] {
    switch types[step] {
    case .indices(_, _, let order): return ["\(order)"]
    case .values(let blocks, _, _):
      return blocks.map { ofRank in
        ofRank.map { block in
          let columns = block.columns.map { slice in
            let name =
              switch slice.source {
              case .feature(let feature): request.features[feature].name
              case .tower(let tower): request.towers[tower].name
              }
            let rows = slice.rows.map { " rows \($0)" } ?? ""
            return "\(name) \(slice.columns)\(rows)\(slice.isUnscaled ? " unscaled" : "")"
          }
          return "\(block.samples): \(columns.joined(separator: ", "))"
        }.joined(separator: " | ")
      }
    }
  }

  /// The names of the steps with their groups.
  var stepNames: [String] {
    plan.dataflow.steps.map { step in
      switch step {
      case .exchange(_, let group, _), .allToAll(_, let group), .reduceScatter(_, let group), .allGather(_, let group):
        "\(step.name)(\(group))"
      default: step.name
      }
    }
  }
}

/// A request with everything drawn at random: hosts 1 to 5, ranks 1 to 4, features 1 to 40, towers 0 to 9, tower groups of
/// any size that fits, shared tables, poolings, shardings of tables, wire types.
func randomRequest(seed: Int) throws -> ShardingRequest {
  var random = SeededGenerator(seed: seed)
  let topology = try Topology(
    hosts: .random(in: 1...5, using: &random), ranksPerHost: .random(in: 1...4, using: &random))
  let sizes = (1...topology.rankCount).filter { (try? TowerGroups(topology, size: $0)) != nil }
  let groups = try TowerGroups(
    topology,
    size: Bool.random(using: &random) ? topology.ranksPerHost : sizes.randomElement(using: &random) ?? 1)
  let featureCount = Int.random(in: 1...40, using: &random)
  let towerCount = Int.random(in: 0...min(9, featureCount), using: &random)
  let runsTowers = towerCount > 0 && Int.random(in: 0..<3, using: &random) > 0

  var features: [ShardingFeature] = []
  var tables: [ShardingTable] = []
  for index in 0..<featureCount {
    var tower: Int?
    if index < towerCount {
      tower = index
    } else if towerCount > 0, Int.random(in: 0..<5, using: &random) > 0 {
      tower = .random(in: 0..<towerCount, using: &random)
    }
    var table = tables.count
    if let shared = tables.indices.randomElement(using: &random), Int.random(in: 0..<6, using: &random) == 0 {
      table = shared
    } else {
      let dim = [1, 2, 3, 4, 6, 8, 16, 18, 32].randomElement(using: &random) ?? 4
      tables.append(
        ShardingTable(
          name: "t\(table)", rows: [1, 2, 7, 100, 5000, 100_000].randomElement(using: &random) ?? 1, dim: dim,
          rowBytes: Double(4 * dim + 4)))
      // A tower's table cannot be on every rank when the tower runs on one tower group.
      let allowed = TableSharding.allCases.filter { !(runsTowers && $0 == .dataParallel && tower != nil) }
      if Bool.random(using: &random) {
        tables[table].sharding = allowed.randomElement(using: &random) ?? .automatic
      }
    }
    if runsTowers, tower != nil, tables[table].sharding == .dataParallel { tables[table].sharding = .automatic }
    features.append(
      ShardingFeature(
        name: "f\(index)", table: table, pooling: Bool.random(using: &random) ? .sum : .mean,
        lookups: [0.5, 1, 1, 3, 20].randomElement(using: &random) ?? 1, tower: tower))
  }
  let assignment = try TowerAssignment.assign(
    towerCount: towerCount, features: features, tables: tables, groupCount: groups.count)
  return ShardingRequest(
    groups: groups, tables: tables, features: features,
    towers: assignment.enumerated().map {
      ShardingTower(name: "w\($0)", outputColumns: .random(in: 1...40, using: &random), group: $1)
    }, batch: .random(in: 0...4096, using: &random),
    forwardWire: WireType.allCases.randomElement(using: &random) ?? .native,
    backwardWire: WireType.allCases.randomElement(using: &random) ?? .native, runsTowers: runsTowers)
}
