package import DMTCore

/// The global norm of a gradient and what it is clipped to.
package enum GradientNorm {
  /// The sum of the squares of `count` elements, in float64.
  package static func squares(_ memory: UnsafeMutableRawPointer, _ count: Int, _ dtype: DType) -> Double {
    var sum = 0.0
    if dtype == .float64 {
      let values = memory.assumingMemoryBound(to: Double.self)
      for index in 0..<count { sum += values[index] * values[index] }
    } else {
      let values = memory.assumingMemoryBound(to: Float.self)
      for index in 0..<count { sum += Double(values[index]) * Double(values[index]) }
    }
    return sum
  }

  /// The factor that brings a gradient whose squares sum up to `squares` to a norm of at most `limit`: PyTorch's
  /// clip_grad_norm_, min(1, limit / (norm + 1e-6)).
  ///
  /// - Throws: ``DMTError/Code/notFinite`` when the norm is NaN or infinite.
  package static func scale(squares: Double, limit: Double, step: Int) throws(DMTError) -> Double {
    let norm = squares.squareRoot()
    guard norm.isFinite else {
      throw DMTError(
        .notFinite, "the norm of the gradient is \(DMTError.text(norm))", place: .init(step: step),
        remedy: "lower the learning rate, or look for extreme values in the data")
    }
    return min(1, limit / (norm + 1e-6))
  }
}
