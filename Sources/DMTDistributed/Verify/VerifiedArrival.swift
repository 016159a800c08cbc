/// A copy of embeddings that arrived at a rank, in float32.
struct VerifiedArrival: Sendable {
  /// Index in the plan's embedding outputs.
  var output: Int
  /// The ranks whose samples the rows are, in order.
  var samples: [Int]
  var columns: Int
  /// [samples, columns], row-major.
  var values: [Float]
}

/// What has arrived at a rank so far.
final class VerifiedArrivals {
  var arrivals: [VerifiedArrival] = []
}
