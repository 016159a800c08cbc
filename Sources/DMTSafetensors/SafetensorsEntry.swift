/// What the header of a safetensors file says about one tensor.
public struct SafetensorsEntry: Sendable, Hashable {
  /// The name in the header.
  public let name: String
  /// The element type.
  public let dtype: SafetensorsDType
  /// The extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// Where its bytes lie, counted from the first byte after the header.
  public let byteRange: Range<Int>

  /// The product of the extents.
  public var elementCount: Int { byteRange.count / dtype.byteCount }

  /// `F32 [3, 4]`, for messages.
  public var layout: String { "\(dtype.rawValue) [" + shape.map(String.init).joined(separator: ", ") + "]" }

  init(name: String, dtype: SafetensorsDType, shape: [Int], byteRange: Range<Int>) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.byteRange = byteRange
  }

  /// The product of `shape`, or nil when an extent is negative or the product does not fit an `Int`.
  static func elementCount(of shape: [Int]) -> Int? {
    // An extent of 0 makes the product 0 whatever the others are, so it is looked for first.
    if shape.contains(where: { $0 < 0 }) { return nil }
    if shape.contains(0) { return 0 }
    var product = 1
    for extent in shape {
      let (value, overflow) = product.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      product = value
    }
    return product
  }
}
