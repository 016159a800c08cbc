import DMTPluginKit

/// How tables are cut.
enum Cuts {
  /// Columns of a part, at least, where a table has as many.
  static let leastColumns = 4

  /// `count` dealt into `parts` ranges that follow each other, their sizes differing by at most one; some are empty where
  /// there are more parts.
  static func evenly(_ count: Int, into parts: Int) -> [Range<Int>] {
    (0..<parts).map { (count * $0 / parts)..<(count * ($0 + 1) / parts) }
  }

  /// Columns 0 ..< `dim` in at most `parts` ranges of at least ``leastColumns``, multiples of it except for the last one.
  static func columns(_ dim: Int, into parts: Int) -> [Range<Int>] {
    let units = dim / leastColumns
    guard units >= 2, parts >= 2 else { return [0..<dim] }
    var ranges = evenly(units, into: min(parts, units)).map {
      ($0.lowerBound * leastColumns)..<($0.upperBound * leastColumns)
    }
    ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<dim
    return ranges
  }
}

extension ShardingRequest {
  /// Numbers that a shard's lookups read and write in a step: a row for every row number, a pooled row for every bag.
  func cost(table: Int, columns: Int, rows: Int) -> Double {
    guard tables[table].rows > 0 else { return 0 }
    let share = Double(rows) / Double(tables[table].rows)
    let ofSample = features.reduce(0.0) { $1.table == table ? $0 + $1.lookups * share + 1 : $0 }
    return ofSample * Double(columns) * Double(max(batch, 1))
  }

  /// Numbers of all the table's lookups.
  func cost(table: Int) -> Double { cost(table: table, columns: tables[table].dim, rows: tables[table].rows) }

  /// Bytes of a shard.
  func bytes(table: Int, columns: Int, rows: Int) -> Double {
    guard tables[table].dim > 0 else { return 0 }
    return tables[table].rowBytes * Double(rows) * Double(columns) / Double(tables[table].dim)
  }

  /// Row numbers a sample of the feature with most of them.
  func mostLookups(ofTable table: Int) -> Double {
    features.reduce(0.0) { $1.table == table ? max($0, $1.lookups) : $0 }
  }

  /// Features whose table is in `tables`, in the request's order.
  func features(where isWanted: (ShardingFeature) -> Bool) -> [Int] {
    features.indices.filter { isWanted(features[$0]) }
  }
}
