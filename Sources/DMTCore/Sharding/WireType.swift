/// How numbers travel between ranks.
public enum WireType: Int32, Sendable, Hashable, CaseIterable {
  /// As the model computes: float32 or float64.
  case native = 0
  /// IEEE half precision, rounded to nearest even; beyond its range it saturates.
  case float16 = 1
  /// The upper half of a float32, rounded to nearest even.
  case bfloat16 = 2
  /// Signed bytes with a float32 scale for each row of a block: the row's largest magnitude over 127.
  case int8 = 3

  /// The word in manifests.
  public var name: String {
    switch self {
    case .native: "native"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .int8: "int8"
    }
  }

  /// The type that a manifest calls `name`.
  public init?(name: String) {
    guard let found = WireType.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  /// Bytes of a row of `columns` numbers of a block on the wire, its scale included.
  public func rowBytes(columns: Int, dtype: DType) -> Int {
    switch self {
    case .native: columns * dtype.byteCount
    case .float16, .bfloat16: columns * 2
    // The scale comes first; rows keep to multiples of four so that the next scale is aligned.
    case .int8: columns == 0 ? 0 : 4 + (columns + 3) / 4 * 4
    }
  }
}
