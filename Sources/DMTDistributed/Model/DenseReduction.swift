import DMTCore
import DMTRuntime

/// Adds the gradients of a unit up over the ranks that hold it, in buckets that travel while backward still runs.
///
/// Buckets are consecutive parameters of about ``bucketBytes``. They are started in one fixed order on every rank, each as
/// soon as backward has written its last gradient.
final class DenseReduction: DenseExchange {
  /// Bytes from which on a bucket is full: large enough that latency does not count, small enough to overlap.
  static let bucketBytes = 1 << 20

  private struct Bucket {
    var parameters: Range<Int>
    var memory: UnsafeMutableRawPointer
    var count: Int
    var call: CollectiveCall
    var remaining = 0
  }

  /// Every rank has the whole sum, so one answers for it.
  let isAnswered: Bool
  private let unit: DenseUnit
  private let dtype: DType
  private var buckets: [Bucket] = []
  private var bucketOfParameter: [Int]
  private var next = 0

  init(_ unit: DenseUnit, group: RankGroup, links: RankLinks, purpose: String) throws(DMTError) {
    self.unit = unit
    isAnswered = links.groups.members(of: group, with: links.rank).first == links.rank
    dtype = unit.parameters.dtype
    let store = unit.parameters
    let count = store.parameters.count
    bucketOfParameter = Array(repeating: 0, count: count)
    // Gradients are complete in the reverse order of the nodes that read the parameters.
    var ranges: [Range<Int>] = []
    var last = count
    while last > 0 {
      var first = last
      while first > 0, Self.bytes(first..<last, store) < Self.bucketBytes { first -= 1 }
      ranges.append(first..<last)
      last = first
    }
    for (index, range) in ranges.enumerated() {
      for parameter in range { bucketOfParameter[parameter] = index }
      buckets.append(
        Bucket(
          parameters: range, memory: store.gradient(range.lowerBound),
          count: Self.bytes(range, store) / dtype.byteCount,
          call: try links.call(group, .dense, purpose: "\(purpose), bucket \(index + 1) of \(ranges.count)")))
    }
  }

  /// Bytes of the gradients of some parameters, the gaps between them included.
  private static func bytes(_ range: Range<Int>, _ store: ParameterStore) -> Int {
    guard let last = range.last else { return 0 }
    let end = store.gradient(last) + store.count(last) * store.dtype.byteCount
    return end - store.gradient(range.lowerBound)
  }

  // Parameters are always there.
  func beginForward() {}
  func beforeForward(_ parameters: [Int]) {}
  func endForward() {}
  func beforeBackward(_ parameters: [Int]) {}
  func parametersChanged() {}

  func beginBackward() {
    next = 0
    for index in buckets.indices { buckets[index].remaining = buckets[index].parameters.count }
  }

  func skipBackward() { unit.parameters.clearGradients() }

  func finished(_ parameters: [Int]) throws(DMTError) {
    for parameter in parameters { buckets[bucketOfParameter[parameter]].remaining -= 1 }
    while next < buckets.count, buckets[next].remaining <= 0 { try startNext() }
  }

  func startRest() throws(DMTError) {
    while next < buckets.count { try startNext() }
  }

  func wait() throws(DMTError) {
    for bucket in buckets { try bucket.call.wait() }
  }

  private func startNext() throws(DMTError) {
    let bucket = buckets[next]
    try bucket.call.startSum(bucket.memory, count: bucket.count, dtype: dtype)
    next += 1
  }
}
