import DMTCore

/// An element type that the reference computes with: float32 or float64.
///
/// Every formula runs in double; a result is rounded once, when it is written. So the float32 kernels are as exact as
/// float32 can be, and the float64 kernels are the same code.
protocol ReferenceScalar: BitwiseCopyable, Sendable {
  static var dtype: DType { get }
  /// The nearest element to `value`.
  init(_ value: Double)
  /// The element, exactly.
  var double: Double { get }
}

extension Float: ReferenceScalar {
  static var dtype: DType { .float32 }
  @inline(__always) var double: Double { Double(self) }
}

extension Double: ReferenceScalar {
  static var dtype: DType { .float64 }
  @inline(__always) var double: Double { self }
}
