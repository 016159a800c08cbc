/// The element type of a tensor.
public enum DType: String, Sendable, Hashable, CaseIterable {
  case float32
  case float64
  case int32
  case int64

  /// Bytes an element.
  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }
}
