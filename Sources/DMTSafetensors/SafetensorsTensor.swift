/// One tensor to be written: its description and where its bytes lie.
///
/// The memory stays the caller's and must not change until the write returns.
public struct SafetensorsTensor: @unchecked Sendable {
  /// The name in the header; no two tensors of a file share one.
  public var name: String
  /// The element type.
  public var dtype: SafetensorsDType
  /// The extents, outermost first; empty for a scalar.
  public var shape: [Int]
  /// The elements, row-major.
  public var bytes: UnsafeRawBufferPointer

  /// Describes `bytes`, which must hold exactly the elements of `shape`.
  public init(name: String, dtype: SafetensorsDType, shape: [Int], bytes: UnsafeRawBufferPointer) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }
}
