/// The bags of one feature for the samples of a batch: sample b's row numbers are values[offsets[b]..<offsets[b + 1]].
///
/// The memory belongs to the ``Batch`` and is valid until that batch is filled again.
public struct Jagged: @unchecked Sendable {
  /// Row numbers of the table.
  public var values: UnsafePointer<Int64>
  /// Row numbers in all bags together.
  public var valueCount: Int
  /// Bag b starts at offsets[b]; one more entry than bags. nil: every bag holds exactly one row number.
  public var offsets: UnsafePointer<Int64>?
  /// A factor for every row number, or nil.
  public var weights: UnsafePointer<Float>?

  public init(
    values: UnsafePointer<Int64>, valueCount: Int, offsets: UnsafePointer<Int64>? = nil,
    weights: UnsafePointer<Float>? = nil
  ) {
    self.values = values
    self.valueCount = valueCount
    self.offsets = offsets
    self.weights = weights
  }
}

/// The samples of one step in memory that is used again for later batches, so that a steady step allocates nothing.
///
/// A reader fills it, the runtime reads it; the two never hold the same batch at once, which is what makes passing it
/// between threads safe.
public final class Batch: @unchecked Sendable {
  /// Samples in this (local) batch.
  public private(set) var count = 0
  /// Samples in the global batch of which this is a part.
  public var globalCount = 0
  /// The global number of every sample: the key of its random numbers.
  public private(set) var sampleNumbers: UnsafeMutablePointer<Int64>
  /// 0 or 1 a sample.
  public private(set) var labels: UnsafeMutablePointer<Float>
  /// [count, denseCount], row-major.
  public private(set) var dense: UnsafeMutablePointer<Float>
  /// Columns of the dense input.
  public let denseCount: Int
  /// Categorical features, in the order of the data set.
  public let featureCount: Int

  private var capacity = 0
  private var columns: [Column]

  /// Growing storage of one feature.
  private struct Column {
    var values = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
    var valueCapacity = 1
    var valueCount = 0
    var offsets = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
    var isSingle = true
  }

  public init(featureCount: Int, denseCount: Int) {
    self.featureCount = featureCount
    self.denseCount = denseCount
    sampleNumbers = .allocate(capacity: 1)
    labels = .allocate(capacity: 1)
    dense = .allocate(capacity: 1)
    columns = (0..<featureCount).map { _ in Column() }
  }

  deinit {
    sampleNumbers.deallocate()
    labels.deallocate()
    dense.deallocate()
    for column in columns {
      column.values.deallocate()
      column.offsets.deallocate()
    }
  }

  /// Makes room for `count` samples and sets the counts; contents are undefined until written.
  public func resize(count: Int, globalCount: Int? = nil) {
    self.count = count
    self.globalCount = globalCount ?? count
    guard count > capacity else { return }
    capacity = count
    sampleNumbers.deallocate()
    labels.deallocate()
    dense.deallocate()
    sampleNumbers = .allocate(capacity: count)
    labels = .allocate(capacity: count)
    dense = .allocate(capacity: max(1, count * denseCount))
    for index in columns.indices {
      columns[index].offsets.deallocate()
      columns[index].offsets = .allocate(capacity: count + 1)
    }
  }

  /// Room for `valueCount` row numbers of feature `feature`, to be written by the caller.
  ///
  /// With `single`, every bag holds exactly one and `offsets` is not used.
  public func values(feature: Int, valueCount: Int, single: Bool) -> UnsafeMutablePointer<Int64> {
    if valueCount > columns[feature].valueCapacity {
      columns[feature].values.deallocate()
      columns[feature].values = .allocate(capacity: valueCount)
      columns[feature].valueCapacity = valueCount
    }
    columns[feature].valueCount = valueCount
    columns[feature].isSingle = single
    return columns[feature].values
  }

  /// The count + 1 bag starts of feature `feature`, to be written by the caller.
  public func offsets(feature: Int) -> UnsafeMutablePointer<Int64> { columns[feature].offsets }

  /// The bags of feature `feature`.
  public func jagged(feature: Int) -> Jagged {
    let column = columns[feature]
    return Jagged(
      values: UnsafePointer(column.values), valueCount: column.valueCount,
      offsets: column.isSingle ? nil : UnsafePointer(column.offsets))
  }
}
