public import DMTCore
public import DMTData

/// Gives the loop its batches, epoch after epoch; one thread uses a source at a time.
public protocol BatchSource: AnyObject {
  /// Samples of an epoch.
  var sampleCount: Int { get }
  /// Batches of an epoch.
  var batchesPerEpoch: Int { get }
  /// The next batch; nil once at the end of every epoch. The caller gives the batch back with ``recycle(_:)``.
  func next() throws(DMTError) -> Batch?
  /// Gives a batch back, to be filled again.
  func recycle(_ batch: Batch)
  /// Continues with batch `batchNumber` (from 0) of `epoch`; a number past the last batch stands for the epoch's end.
  func seek(epoch: Int, batchNumber: Int)
}

/// The batches of one split of a data set, prepared ahead on a thread of their own.
public final class SplitBatches: BatchSource {
  public let sampleCount: Int
  public let batchesPerEpoch: Int
  private let prefetcher: BatchPrefetcher

  /// The batches of `samples` over `epochs` epochs; without `shuffle` in the samples' order.
  ///
  /// - Parameters:
  ///   - rank: the rank whose part of every global batch is read; counts are those of all ranks together.
  public init(
    _ samples: SampleTable, batchSize: Int, seed: UInt64 = 0, shuffle: Bool = false, epochs: Int = 1, rank: Int = 0,
    rankCount: Int = 1
  ) {
    let size = max(1, batchSize)
    sampleCount = samples.count
    batchesPerEpoch = samples.count / size + (samples.count % size == 0 ? 0 : 1)
    prefetcher = BatchPrefetcher(
      samples: samples, batchSize: size, seed: seed, shuffle: shuffle, epochs: 0..<max(1, epochs),
      rank: rank, rankCount: rankCount)
  }

  public func next() throws(DMTError) -> Batch? { try prefetcher.next() }

  public func recycle(_ batch: Batch) { prefetcher.recycle(batch) }

  public func seek(epoch: Int, batchNumber: Int) { prefetcher.seek(epoch: epoch, batchNumber: batchNumber) }
}
