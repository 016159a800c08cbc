internal import DMTCore

/// A placement in which every element of every table lies in exactly one shard, or the table is replicated.
struct CheckedPlacement: Sendable {
  let replicated: Set<Int>
  /// The ranks that hold shards of a table, ascending.
  let holders: [[Int]]
  /// Whether some shard of a table lacks some rows: its lookups pool partial sums.
  let isCutByRows: [Bool]
  let shards: [TableShard]
  /// For each table: rank to indices of its shards, by columns, then rows.
  private let byRank: [[Int: [Int]]]

  /// Indices of the shards of a table on a rank, by columns, then rows.
  func shards(ofTable table: Int, rank: Int) -> [Int] { byRank[table][rank] ?? [] }

  init(_ placement: Placement, request: ShardingRequest) throws(DMTError) {
    var ofTable = [[Int]](repeating: [], count: request.tables.count)
    for (index, shard) in placement.shards.enumerated() {
      try Self.checkBounds(shard, index: index, request: request)
      ofTable[shard.table].append(index)
    }
    for table in placement.replicated.sorted() {
      guard request.tables.indices.contains(table) else {
        throw Self.broken("table \(table) is replicated, expected 0 to \(request.tables.count - 1)")
      }
      guard let shard = ofTable[table].first else { continue }
      throw Self.broken(
        "table '\(request.tables[table].name)' is replicated and has a shard on rank \(placement.shards[shard].rank)",
        remedy: "a table is replicated or cut into shards, not both")
    }
    var holders: [[Int]] = []
    var isCutByRows: [Bool] = []
    var byRank: [[Int: [Int]]] = []
    for (table, unsorted) in ofTable.enumerated() {
      let indices = unsorted.sorted {
        let (a, b) = (placement.shards[$0], placement.shards[$1])
        return (a.columns.lowerBound, a.rows.lowerBound, a.rows.upperBound, $0)
          < (b.columns.lowerBound, b.rows.lowerBound, b.rows.upperBound, $1)
      }
      if !placement.replicated.contains(table) {
        try Self.checkCover(indices.map { placement.shards[$0] }, of: request.tables[table])
      }
      let ranks = Dictionary(grouping: indices) { placement.shards[$0].rank }
      byRank.append(ranks)
      holders.append(ranks.keys.sorted())
      isCutByRows.append(indices.contains { placement.shards[$0].rows != 0..<request.tables[table].rows })
    }
    replicated = placement.replicated
    shards = placement.shards
    self.holders = holders
    self.isCutByRows = isCutByRows
    self.byRank = byRank
  }

  private static func broken(_ message: String, remedy: String? = nil) -> DMTError {
    DMTError(.pluginFailed, "placement: \(message)", remedy: remedy)
  }

  private static func checkBounds(_ shard: TableShard, index: Int, request: ShardingRequest) throws(DMTError) {
    guard request.tables.indices.contains(shard.table) else {
      throw broken("shard \(index) is of table \(shard.table), expected 0 to \(request.tables.count - 1)")
    }
    let table = request.tables[shard.table]
    let ranks = request.groups.topology.rankCount
    guard (0..<ranks).contains(shard.rank) else {
      throw broken("a shard of table '\(table.name)' is on rank \(shard.rank), expected 0 to \(ranks - 1)")
    }
    guard shard.rows.lowerBound >= 0, shard.rows.upperBound <= table.rows, shard.columns.lowerBound >= 0,
      shard.columns.upperBound <= table.dim, !shard.columns.isEmpty
    else {
      throw broken(
        "the shard of table '\(table.name)' on rank \(shard.rank) has rows \(shard.rows) and columns \(shard.columns), "
          + "expected rows in 0..<\(table.rows) and one or more columns in 0..<\(table.dim)")
    }
  }

  /// - Parameter shards: by columns, then rows.
  private static func checkCover(_ shards: [TableShard], of table: ShardingTable) throws(DMTError) {
    let cuts = Set(shards.flatMap { [$0.columns.lowerBound, $0.columns.upperBound] } + [0, table.dim]).sorted()
    for (begin, end) in zip(cuts, cuts.dropFirst()) {
      let inside = shards.filter { $0.columns.lowerBound <= begin && $0.columns.upperBound >= end && !$0.rows.isEmpty }
        .sorted { ($0.rows.lowerBound, $0.rank) < ($1.rows.lowerBound, $1.rank) }
      var row = 0
      var previous: TableShard?
      for shard in inside {
        if shard.rows.lowerBound > row { throw hole(row..<shard.rows.lowerBound, begin..<end, of: table) }
        if let previous, shard.rows.lowerBound < row {
          let doubled = shard.rows.lowerBound..<min(row, shard.rows.upperBound)
          throw broken(
            "rows \(doubled), columns \(begin..<end) of table '\(table.name)' are on rank \(previous.rank) and again on "
              + "rank \(shard.rank)", remedy: "every element of a table lies in exactly one shard")
        }
        row = shard.rows.upperBound
        previous = shard
      }
      if row < table.rows { throw hole(row..<table.rows, begin..<end, of: table) }
    }
  }

  private static func hole(_ rows: Range<Int>, _ columns: Range<Int>, of table: ShardingTable) -> DMTError {
    broken(
      "no rank holds rows \(rows), columns \(columns) of table '\(table.name)'",
      remedy: "every element of a table lies in exactly one shard, or the table is replicated")
  }
}
