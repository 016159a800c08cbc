import DMTCore

/// Which samples make up which global batch of an epoch, and which part of each a rank reads.
///
/// With `shuffle`, the samples of epoch e stand in the order of a Fisher-Yates shuffle: for i = n-1 down to 1, places i
/// and j are swapped, j being the upper 64 bits of word * (i + 1) and word the (n-1-i)-th of the SplitMix64 stream with key
/// ``StableHash/key(_:_:)``(seed, e). Global batch k is places k B ..< (k + 1) B of that order, the last one shorter. Nothing
/// depends on the platform, the threads or the ranks.
public struct BatchOrder: Sendable {
  /// Samples of the split.
  public let sampleCount: Int
  /// Samples of a full global batch.
  public let batchSize: Int
  /// Seed of the shuffle.
  public let seed: UInt64
  /// Whether the order changes from epoch to epoch; without it, samples stand in file order.
  public let shuffle: Bool
  /// The epoch whose order this is, from 0.
  public private(set) var epoch: Int
  private var permutation: [UInt32] = []

  /// The order of `sampleCount` samples in epoch `epoch`; `batchSize` below 1 counts as 1.
  public init(sampleCount: Int, batchSize: Int, seed: UInt64, epoch: Int = 0, shuffle: Bool) {
    self.sampleCount = sampleCount
    self.batchSize = max(1, batchSize)
    self.seed = seed
    self.shuffle = shuffle
    self.epoch = epoch
    permute()
  }

  /// The order of a split in epoch `epoch`.
  public init(_ dataset: Dataset, _ split: SplitName, batchSize: Int, seed: UInt64, epoch: Int = 0, shuffle: Bool) {
    self.init(
      sampleCount: dataset.count(of: split), batchSize: batchSize, seed: seed, epoch: epoch, shuffle: shuffle)
  }

  /// Global batches of an epoch.
  public var batchCount: Int { (sampleCount + batchSize - 1) / batchSize }

  /// Goes to another epoch, in the memory of this one.
  public mutating func move(toEpoch epoch: Int) {
    guard epoch != self.epoch else { return }
    self.epoch = epoch
    permute()
  }

  /// The places of global batch `number`; empty when there is no such batch.
  public func places(ofBatch number: Int) -> Range<Int> {
    guard number >= 0, number < batchCount else { return sampleCount..<sampleCount }
    return number * batchSize..<min((number + 1) * batchSize, sampleCount)
  }

  /// The contiguous part of global batch `number` that rank `rank` of `rankCount` reads.
  ///
  /// Parts differ by one sample at most and are empty where there are more ranks than samples.
  public func places(ofBatch number: Int, rank: Int, rankCount: Int) -> Range<Int> {
    let all = places(ofBatch: number)
    precondition(rankCount > 0 && rank >= 0 && rank < rankCount, "rank \(rank) of \(rankCount) does not exist")
    let share = BatchShare.places(of: rank, of: rankCount, samples: all.count)
    return all.lowerBound + share.lowerBound..<all.lowerBound + share.upperBound
  }

  /// The sample at a place of the epoch's order.
  @inline(__always)
  public func sample(at place: Int) -> Int { shuffle ? Int(permutation[place]) : place }

  private mutating func permute() {
    guard shuffle, sampleCount > 0 else { return }
    let key = StableHash.key(seed, UInt64(bitPattern: Int64(epoch)))
    if permutation.count != sampleCount { permutation = [UInt32](repeating: 0, count: sampleCount) }
    permutation.withUnsafeMutableBufferPointer { places in
      for index in places.indices { places[index] = UInt32(truncatingIfNeeded: index) }
      var counter: UInt64 = 0
      for last in stride(from: places.count - 1, to: 0, by: -1) {
        let word = StableHash.word(key: key, counter: counter)
        counter &+= 1
        places.swapAt(last, Int(word.multipliedFullWidth(by: UInt64(last + 1)).high))
      }
    }
  }
}
