import DMTPluginKit

/// A placement in the making: what is bound to a rank, and what the planner may choose a rank for.
struct PlacementDraft {
  let request: ShardingRequest
  private(set) var replicated: Set<Int> = []
  /// Tables whose rows lie on several ranks.
  private(set) var cutByRows: Set<Int> = []
  private var shards: [TableShard] = []
  private var pieces: [ShardCandidate] = []

  init(_ request: ShardingRequest) { self.request = request }

  /// Every rank holds the table.
  mutating func replicate(_ table: Int) { replicated.insert(table) }

  /// The whole table, or its columns in parts, each on a rank of `ranks` that the planner chooses.
  mutating func place(_ table: Int, parts: Int = 1, on ranks: [Int]) {
    let rows = request.tables[table].rows
    for columns in Cuts.columns(request.tables[table].dim, into: parts) {
      add(TableShard(table: table, rank: ranks[0], rows: 0..<rows, columns: columns), on: ranks)
    }
  }

  /// Each of `ranks` holds as many of the table's rows.
  mutating func cutRows(_ table: Int, over ranks: [Int]) {
    cutByRows.insert(table)
    let dim = request.tables[table].dim
    for (rank, rows) in zip(ranks, Cuts.evenly(request.tables[table].rows, into: ranks.count)) {
      add(TableShard(table: table, rank: rank, rows: rows, columns: 0..<dim), on: [rank])
    }
  }

  private mutating func add(_ shard: TableShard, on ranks: [Int]) {
    shards.append(shard)
    pieces.append(
      ShardCandidate(
        cost: request.cost(table: shard.table, columns: shard.columns.count, rows: shard.rows.count),
        bytes: request.bytes(table: shard.table, columns: shard.columns.count, rows: shard.rows.count), ranks: ranks))
  }

  /// The placement, with the planner's ranks. The planner sees what is bound too, and balances around it.
  func placement() throws(DMTError) -> Placement {
    let ranks = try request.assigned(pieces, to: request.groups.topology.rankCount)
    var placed = shards
    for (index, rank) in ranks.enumerated() { placed[index].rank = rank }
    return Placement(shards: placed, replicated: replicated)
  }
}

extension ShardingRequest {
  /// The planner's answer, one of `count` bins for every piece.
  func assigned(_ pieces: [ShardCandidate], to count: Int) throws(DMTError) -> [Int] {
    if pieces.isEmpty { return [] }
    let bins = try planner.assign(pieces, rankCount: count)
    guard bins.count == pieces.count, zip(bins, pieces).allSatisfy({ $1.ranks.contains($0) }) else {
      throw DMTError(
        .pluginFailed, "the planner assigned \(pieces.count) pieces to \(bins), expected one of its own ranks for each")
    }
    return bins
  }

  /// A tower group for each of `wanted` tables, so that groups have as much to look up; `bound` are in their group already.
  func towerGroups(for wanted: [Int], bound: [Int: Int] = [:]) throws(DMTError) -> [Int: Int] {
    let all = Array(0..<groups.count)
    let tables = bound.keys.sorted() + wanted
    let pieces = tables.map { table in
      ShardCandidate(
        cost: cost(table: table),
        bytes: bytes(table: table, columns: self.tables[table].dim, rows: self.tables[table].rows),
        ranks: bound[table].map { [$0] } ?? all)
    }
    return Dictionary(uniqueKeysWithValues: zip(tables, try assigned(pieces, to: groups.count)))
  }

  /// The ranks of a tower group.
  func ranks(ofTowerGroup group: Int) -> [Int] { groups.members(of: .tower, with: group * groups.size) }
}
