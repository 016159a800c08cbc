import DMTCore

/// The encoded samples of one split, column by column, ready to be gathered into batches.
///
/// The columns lie in one block of memory, usually the memory-mapped cache; nothing here ever changes, so any number of
/// threads may read it.
public final class SampleTable: @unchecked Sendable {
  /// The bags of one feature: sample i's row numbers are values[offsets[i]..<offsets[i + 1]], or values[i] without offsets.
  struct Column {
    var values: UnsafePointer<UInt32>
    var valueCount: Int
    var offsets: UnsafePointer<UInt64>?
  }

  /// Samples.
  public let count: Int
  /// False for rows read without a label column; their labels are 0 in every batch.
  public let hasLabels: Bool
  /// Numeric features of a sample.
  public let denseCount: Int
  /// Samples with label 1.
  public let positiveCount: Int

  let labels: UnsafePointer<UInt8>
  /// [count, denseCount], row-major.
  let dense: UnsafePointer<Float>
  let rowNumbers: UnsafePointer<UInt32>
  let columns: [Column]
  private let memory: MappedMemory

  init(
    count: Int, hasLabels: Bool, denseCount: Int, positiveCount: Int, labels: UnsafePointer<UInt8>,
    dense: UnsafePointer<Float>, rowNumbers: UnsafePointer<UInt32>, columns: [Column], memory: MappedMemory
  ) {
    self.count = count
    self.hasLabels = hasLabels
    self.denseCount = denseCount
    self.positiveCount = positiveCount
    self.labels = labels
    self.dense = dense
    self.rowNumbers = rowNumbers
    self.columns = columns
    self.memory = memory
  }

  /// Categorical features of a sample.
  public var featureCount: Int { columns.count }

  /// The share of samples with label 1; 0 when there are none.
  public var positiveRate: Double { count == 0 ? 0 : Double(positiveCount) / Double(count) }

  /// Row numbers of feature `feature` over all samples: with `count`, the mean bag length.
  public func valueCount(ofFeature feature: Int) -> Int { columns[feature].valueCount }

  /// Whether every bag of feature `feature` holds exactly one row number.
  public func isSingle(feature: Int) -> Bool { columns[feature].offsets == nil }

  /// The number of sample `sample` in its file, from 0 (bad rows counted, header and skipped lines not).
  public func rowNumber(ofSample sample: Int) -> Int {
    precondition(sample >= 0 && sample < count, "sample \(sample) is not in 0..<\(count)")
    return Int(rowNumbers[sample])
  }
}
