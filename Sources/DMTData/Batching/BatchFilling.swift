public import DMTCore

extension SampleTable {
  /// Copies the samples at `places` of `order` into `batch`, whose sample numbers become their numbers in this split.
  ///
  /// - Parameters:
  ///   - batch: made for as many features and dense columns as this table has.
  ///   - places: for a rank, ``BatchOrder/places(ofBatch:rank:rankCount:)``; may be empty.
  ///   - globalCount: samples of the global batch; nil: as many as `places`.
  public func fill(_ batch: Batch, from places: Range<Int>, of order: BatchOrder, globalCount: Int? = nil) {
    precondition(
      batch.featureCount == featureCount && batch.denseCount == denseCount, "the batch was made for another data set")
    precondition(
      order.sampleCount == count && places.lowerBound >= 0 && places.upperBound <= count,
      "places \(places) of an order of \(order.sampleCount) samples, expected 0..<\(count)")
    batch.resize(count: places.count, globalCount: globalCount)
    let numbers = batch.sampleNumbers
    for (index, place) in places.enumerated() {
      let sample = order.sample(at: place)
      numbers[index] = Int64(sample)
      batch.labels[index] = Float(labels[sample])
    }
    if denseCount > 0 {
      for index in 0..<places.count {
        (batch.dense + index * denseCount).update(from: dense + Int(numbers[index]) * denseCount, count: denseCount)
      }
    }
    for (feature, column) in columns.enumerated() {
      guard let offsets = column.offsets else {
        let values = batch.values(feature: feature, valueCount: places.count, single: true)
        for index in 0..<places.count { values[index] = Int64(column.values[Int(numbers[index])]) }
        continue
      }
      let starts = batch.offsets(feature: feature)
      starts[0] = 0
      for index in 0..<places.count {
        let sample = Int(numbers[index])
        starts[index + 1] = starts[index] + Int64(offsets[sample + 1] - offsets[sample])
      }
      let values = batch.values(feature: feature, valueCount: Int(starts[places.count]), single: false)
      for index in 0..<places.count {
        let source = column.values + Int(offsets[Int(numbers[index])])
        let target = values + Int(starts[index])
        for value in 0..<Int(starts[index + 1] - starts[index]) { target[value] = Int64(source[value]) }
      }
    }
  }

  /// Fills `batch` with global batch `number` of `order`, or with a rank's part of it.
  public func fill(_ batch: Batch, batchNumber number: Int, of order: BatchOrder, rank: Int = 0, rankCount: Int = 1) {
    fill(
      batch, from: order.places(ofBatch: number, rank: rank, rankCount: rankCount), of: order,
      globalCount: order.places(ofBatch: number).count)
  }

  /// A batch of the right shape for this table, without samples yet.
  public func makeBatch() -> Batch { Batch(featureCount: featureCount, denseCount: denseCount) }
}
