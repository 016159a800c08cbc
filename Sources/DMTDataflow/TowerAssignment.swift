public import DMTCore

/// Assigns towers to the tower groups that serve them.
public enum TowerAssignment {
  /// The tower group of every tower.
  ///
  /// Towers that share a table stay together, because a table lies in one tower group. What costs most comes first, each to
  /// the group that has least so far; ties go to the group with fewer towers, then to the lower one. A tower's cost is what
  /// its features read and write a sample: (lookups + 1) times the columns. With fewer towers than groups some serve none.
  ///
  /// - Parameters:
  ///   - towerCount: towers of the model.
  ///   - features: the features, with their towers.
  ///   - tables: the tables of the features.
  ///   - groupCount: tower groups, at least 1.
  /// - Throws: ``DMTError/Code/invalidArgument`` for features whose table or tower is not there.
  public static func assign(
    towerCount: Int, features: [ShardingFeature], tables: [ShardingTable], groupCount: Int
  ) throws(DMTError) -> [Int] {
    // Each tower points towards the first one that it shares tables with.
    var parent = Array(0..<towerCount)
    func root(_ tower: Int) -> Int {
      var tower = tower
      while parent[tower] != tower { tower = parent[tower] }
      return tower
    }
    var costs = [Double](repeating: 0, count: towerCount)
    var firstTower: [Int: Int] = [:]
    for feature in features {
      guard let tower = feature.tower else { continue }
      guard parent.indices.contains(tower), tables.indices.contains(feature.table) else {
        throw DMTError(
          .invalidArgument,
          "feature '\(feature.name)' is in tower \(tower) and reads table \(feature.table); there are \(towerCount) towers "
            + "and \(tables.count) tables")
      }
      costs[tower] += (feature.lookups + 1) * Double(tables[feature.table].dim)
      if let other = firstTower[feature.table] {
        let (a, b) = (root(other), root(tower))
        parent[max(a, b)] = min(a, b)
      } else {
        firstTower[feature.table] = tower
      }
    }
    let clusters = Dictionary(grouping: 0..<towerCount, by: root).values.map { towers in
      (towers: towers, cost: towers.reduce(0) { $0 + costs[$1] })
    }
    var loads = [(cost: Double, towers: Int)](repeating: (0, 0), count: groupCount)
    var result = [Int](repeating: 0, count: towerCount)
    for cluster in clusters.sorted(by: { ($0.cost, $1.towers[0]) > ($1.cost, $0.towers[0]) }) {
      let lightest = loads.indices.min {
        (loads[$0].cost, loads[$0].towers, $0) < (loads[$1].cost, loads[$1].towers, $1)
      }
      guard let group = lightest else {
        throw DMTError(.invalidArgument, "\(groupCount) tower groups, expected 1 or more")
      }
      loads[group].cost += cluster.cost
      loads[group].towers += cluster.towers.count
      for tower in cluster.towers { result[tower] = group }
    }
    return result
  }
}
