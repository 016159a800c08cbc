/// A part of a table that one rank holds: some rows of some columns.
public struct TableShard: Sendable, Hashable {
  /// Index of the table in the request.
  public var table: Int
  /// The rank that holds it.
  public var rank: Int
  /// Rows of the table; may be empty, where a table has fewer rows than a row-wise group has ranks.
  public var rows: Range<Int>
  /// Columns of the table; not empty.
  public var columns: Range<Int>

  public init(table: Int, rank: Int, rows: Range<Int>, columns: Range<Int>) {
    self.table = table
    self.rank = rank
    self.rows = rows
    self.columns = columns
  }
}

/// Which rank holds which part of which table.
///
/// Every element of a table lies in exactly one shard, or the table is replicated: every rank holds all of it and applies
/// the gradients of all ranks.
public struct Placement: Sendable, Hashable {
  /// The shards, of all tables that are not replicated.
  public var shards: [TableShard]
  /// Tables that every rank holds.
  public var replicated: Set<Int>

  public init(shards: [TableShard] = [], replicated: Set<Int> = []) {
    self.shards = shards
    self.replicated = replicated
  }
}
