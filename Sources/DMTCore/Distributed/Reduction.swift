public import CDMTPlugin

/// How members' elements become one.
public enum Reduction: Int32, Sendable, Hashable, CaseIterable {
  case sum = 0
  /// NaN wins.
  case max = 1

  /// Elements of one member are combined with those of the next: target[i] = target[i] op source[i].
  ///
  /// - Parameter dtype: float32, float64, int32 or int64, as ``Collective`` has checked; sums of integers wrap around.
  public func combine(
    _ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer, count: Int, dtype: dmt_dtype
  ) {
    let isFloat = Int32(dtype.code) == DMT_DTYPE_FLOAT
    switch (isFloat, dtype.bits) {
    case (true, 32): floats(source, target, count, Float.self)
    case (true, _): floats(source, target, count, Double.self)
    case (false, 32): integers(source, target, count, Int32.self)
    case (false, _): integers(source, target, count, Int64.self)
    }
  }

  @inline(__always)
  private func floats<Element: BinaryFloatingPoint>(
    _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int, _: Element.Type
  ) {
    let source = source.assumingMemoryBound(to: Element.self)
    let target = target.assumingMemoryBound(to: Element.self)
    switch self {
    case .sum:
      for index in 0..<count { target[index] += source[index] }
    case .max:
      for index in 0..<count {
        let (mine, other) = (target[index], source[index])
        target[index] = other > mine || other != other ? other : mine
      }
    }
  }

  @inline(__always)
  private func integers<Element: FixedWidthInteger>(
    _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int, _: Element.Type
  ) {
    let source = source.assumingMemoryBound(to: Element.self)
    let target = target.assumingMemoryBound(to: Element.self)
    switch self {
    case .sum:
      for index in 0..<count { target[index] &+= source[index] }
    case .max:
      for index in 0..<count { target[index] = Swift.max(target[index], source[index]) }
    }
  }
}
