public import DMTCore

extension Batch {
  /// A part of this batch as a batch of its own: what a rank reads of a global batch.
  ///
  /// - Parameter samples: places in this batch.
  public func slice(_ samples: Range<Int>) -> Batch {
    let part = Batch(featureCount: featureCount, denseCount: denseCount)
    part.resize(count: samples.count, globalCount: count)
    for (index, sample) in samples.enumerated() {
      part.sampleNumbers[index] = sampleNumbers[sample]
      part.labels[index] = labels[sample]
    }
    if denseCount > 0, !samples.isEmpty {
      part.dense.update(from: dense + samples.lowerBound * denseCount, count: samples.count * denseCount)
    }
    for feature in 0..<featureCount {
      let bags = jagged(feature: feature)
      guard let offsets = bags.offsets else {
        let values = part.values(feature: feature, valueCount: samples.count, single: true)
        values.update(from: bags.values + samples.lowerBound, count: samples.count)
        continue
      }
      let (first, last) = (offsets[samples.lowerBound], offsets[samples.upperBound])
      let values = part.values(feature: feature, valueCount: Int(last - first), single: false)
      values.update(from: bags.values + Int(first), count: Int(last - first))
      let starts = part.offsets(feature: feature)
      for index in 0...samples.count { starts[index] = offsets[samples.lowerBound + index] - first }
    }
    return part
  }

  /// The parts of this batch that ranks read.
  ///
  /// - Parameter counts: samples of each rank; their sum is this batch's count.
  public func slices(_ counts: [Int]) -> [Batch] {
    var first = 0
    return counts.map { count in
      defer { first += count }
      return slice(first..<first + count)
    }
  }
}
