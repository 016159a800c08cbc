import DMTPluginKit

/// Which tower group has which table, and how its ranks share it.
struct TowerLayout {
  private(set) var draft: PlacementDraft
  /// Whether tower modules run between the two collectives.
  let runsTowers: Bool

  /// More row numbers a sample than this, and many rows: cut by rows. The sums of a bag then are made where the rows are.
  static let multipleLookups = 4.0
  /// Rows for every rank of the group, at least, before a table is cut by rows.
  static let manyRows = 1024

  init(_ request: ShardingRequest) throws(DMTError) {
    draft = PlacementDraft(request)
    runsTowers = request.runsTowers && !request.towers.isEmpty
    let bound = try Self.homes(request, runsTowers: runsTowers)
    let free = request.tables.indices.filter {
      bound[$0] == nil && request.tables[$0].sharding != .dataParallel
    }
    let homes = try request.towerGroups(for: free, bound: bound)
    for group in 0..<request.groups.count {
      let tables = homes.keys.filter { homes[$0] == group }.sorted()
      for table in tables { place(table, among: tables.count, on: request.ranks(ofTowerGroup: group)) }
    }
    for (table, wanted) in request.tables.enumerated() where wanted.sharding == .dataParallel {
      draft.replicate(table)
    }
  }

  /// - Parameter count: tables of the group.
  private mutating func place(_ table: Int, among count: Int, on ranks: [Int]) {
    let request = draft.request
    switch request.tables[table].sharding {
    case .tableWise: draft.place(table, on: ranks)
    case .columnWise: draft.place(table, parts: ranks.count, on: ranks)
    case .rowWise: draft.cutRows(table, over: ranks)
    case .automatic, .dataParallel:
      if count >= ranks.count {
        draft.place(table, on: ranks)
      } else if request.mostLookups(ofTable: table) > Self.multipleLookups,
        request.tables[table].rows >= Self.manyRows * ranks.count
      {
        draft.cutRows(table, over: ranks)
      } else {
        // Enough parts for every rank of the group to have one.
        draft.place(table, parts: (ranks.count + count - 1) / count, on: ranks)
      }
    }
  }

  /// The tower groups of the tables that towers read.
  private static func homes(_ request: ShardingRequest, runsTowers: Bool) throws(DMTError) -> [Int: Int] {
    var homes: [Int: Int] = [:]
    var readers: [Int: String] = [:]
    for feature in request.features {
      guard let tower = feature.tower else { continue }
      let (table, group) = (request.tables[feature.table], request.towers[tower].group)
      if table.sharding == .dataParallel {
        guard runsTowers else { continue }
        throw DMTError(
          .invalidArgument,
          "feature '\(feature.name)' of tower '\(request.towers[tower].name)' reads table '\(table.name)', which every "
            + "rank is to hold, and sptt runs the tower on one tower group",
          remedy: "shard the table another way, take the feature out of the tower, or run towers after the dataflow")
      }
      guard let home = homes[feature.table] else {
        homes[feature.table] = group
        readers[feature.table] = feature.name
        continue
      }
      // Without tower modules any tower group is as good.
      if home == group || !runsTowers { continue }
      throw DMTError(
        .invalidArgument,
        "features '\(readers[feature.table] ?? "")' and '\(feature.name)' read table '\(table.name)', and tower groups "
          + "\(home) and \(group) serve their towers",
        remedy: "let one tower group serve both towers, give each feature a table of its own, or run towers after the "
          + "dataflow")
    }
    return homes
  }
}
