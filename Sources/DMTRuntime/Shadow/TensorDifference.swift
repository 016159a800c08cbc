import DMTCore

/// Measures how far two tensors are apart.
enum TensorDifference {
  /// The largest difference of two elements as a share of the largest number of `first`, or of `least` where that is larger.
  ///
  /// NaN against NaN and infinity against the same infinity are equal; anything else that is not finite is infinitely far.
  static func share(
    _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, count: Int, dtype: DType, least: Double = 0
  ) -> Double {
    dtype == .float64
      ? share(first, second, count, least, Double.self) : share(first, second, count, least, Float.self)
  }

  /// The largest number of a tensor that is finite.
  static func largest(_ tensor: UnsafeRawPointer, count: Int, dtype: DType) -> Double {
    dtype == .float64 ? largest(tensor, count, Double.self) : largest(tensor, count, Float.self)
  }

  private static func share<Element: BinaryFloatingPoint>(
    _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ count: Int, _ least: Double, _: Element.Type
  ) -> Double {
    let (a, b) = (first.assumingMemoryBound(to: Element.self), second.assumingMemoryBound(to: Element.self))
    var worst: Element = 0
    for index in 0..<count {
      let difference = (a[index] - b[index]).magnitude
      if difference.isFinite {
        worst = max(worst, difference)
      } else if !(a[index] == b[index] || (a[index].isNaN && b[index].isNaN)) {
        return .infinity
      }
    }
    if worst == 0 { return 0 }
    let scale = max(largest(first, count, Element.self), least)
    return scale > 0 ? Double(worst) / scale : .infinity
  }

  private static func largest<Element: BinaryFloatingPoint>(
    _ tensor: UnsafeRawPointer, _ count: Int, _: Element.Type
  ) -> Double {
    let values = tensor.assumingMemoryBound(to: Element.self)
    var largest: Element = 0
    for index in 0..<count where values[index].isFinite { largest = max(largest, values[index].magnitude) }
    return Double(largest)
  }
}
