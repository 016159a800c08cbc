import DMTCore

/// Adds tensors up.
enum TensorSum {
  /// Adds the elements of `source` to those of `target`.
  static func add(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int, dtype: DType) {
    if dtype == .float64 {
      let (from, into) = (source.assumingMemoryBound(to: Double.self), target.assumingMemoryBound(to: Double.self))
      for index in 0..<count { into[index] += from[index] }
    } else {
      let (from, into) = (source.assumingMemoryBound(to: Float.self), target.assumingMemoryBound(to: Float.self))
      for index in 0..<count { into[index] += from[index] }
    }
  }
}
