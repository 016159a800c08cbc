public import DMTCore

/// Columns of a feature's embedding or of a tower's output, as they occur in a block.
public struct ColumnSlice: Sendable, Hashable {
  /// What the columns belong to.
  public enum Source: Sendable, Hashable {
    /// Feature of the request.
    case feature(Int)
    /// Output of a tower of the request.
    case tower(Int)
  }

  public var source: Source
  /// Columns of the source, from 0.
  public var columns: Range<Int>
  /// The rows of the feature's table that are in the sums; nil: all, the sums are whole.
  public var rows: Range<Int>?
  /// The feature is averaged and its sums have not been divided by the lengths of the bags yet.
  public var isUnscaled: Bool

  public init(_ source: Source, columns: Range<Int>, rows: Range<Int>? = nil, isUnscaled: Bool = false) {
    self.source = source
    self.columns = columns
    self.rows = rows
    self.isUnscaled = isUnscaled
  }
}

/// A part of what a rank holds on an edge: [samples, columns], row-major.
public struct FlowBlock: Sendable, Hashable {
  /// The ranks whose samples the rows are, in order.
  public var samples: [Int]
  /// What the columns are, in order.
  public var columns: [ColumnSlice]

  public init(samples: [Int], columns: [ColumnSlice]) {
    self.samples = samples
    self.columns = columns
  }

  /// Columns of a row.
  public var width: Int { columns.reduce(0) { $0 + $1.columns.count } }
}

/// The type of an edge of a dataflow.
public enum FlowType: Sendable, Hashable {
  /// Row numbers at the holders of shards: the result of an exchange.
  case indices(features: [Int], group: RankGroup, order: [Int])
  /// Numbers: for every rank its blocks, in the order in which they lie in memory and travel.
  case values(blocks: [[FlowBlock]], forward: WireType, backward: WireType)
}
