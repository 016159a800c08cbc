package import DMTCore

/// A batch's labels and dense features in float64.
package struct DoubleInputs {
  package private(set) var labels = UnsafeMutablePointer<Double>.allocate(capacity: 1)
  package private(set) var dense = UnsafeMutablePointer<Double>.allocate(capacity: 1)
  private var labelCapacity = 1
  private var denseCapacity = 1

  package init() {}

  package func release() {
    labels.deallocate()
    dense.deallocate()
  }

  package mutating func fill(_ batch: Batch) {
    if batch.count > labelCapacity {
      labels.deallocate()
      labels = .allocate(capacity: batch.count)
      labelCapacity = batch.count
    }
    let denseCount = batch.count * batch.denseCount
    if denseCount > denseCapacity {
      dense.deallocate()
      dense = .allocate(capacity: denseCount)
      denseCapacity = denseCount
    }
    for index in 0..<batch.count { labels[index] = Double(batch.labels[index]) }
    for index in 0..<denseCount { dense[index] = Double(batch.dense[index]) }
  }
}
