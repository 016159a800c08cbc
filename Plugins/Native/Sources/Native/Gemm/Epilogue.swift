/// The function fused behind a product.
enum Activation: UInt8, BitwiseCopyable {
  case none, relu, sigmoid, tanh, gelu

  init?(name: String) {
    switch name {
    case "none": self = .none
    case "relu": self = .relu
    case "sigmoid": self = .sigmoid
    case "tanh": self = .tanh
    case "gelu": self = .gelu
    default: return nil
    }
  }

  @inline(__always)
  func applied(_ x: Lane) -> Lane {
    switch self {
    case .none: x
    case .relu: x.clampedToZero
    case .sigmoid: x.sigmoid()
    case .tanh: x.hyperbolicTangent()
    case .gelu: x.gelu()
    }
  }

  /// The gradient before the activation, from the gradient behind it and `kept`: the output, of gelu the input.
  @inline(__always)
  func gradient(_ gradient: Lane, kept: Lane) -> Lane {
    switch self {
    case .none: gradient
    case .relu: gradient.replacing(with: Lane.zero, where: kept .<= Lane.zero)
    case .sigmoid: gradient * kept * (Lane.one - kept)
    case .tanh: gradient * (Lane.one - kept * kept)
    case .gelu: gradient * kept.geluDerivative()
    }
  }
}

/// What happens to a tile of the product while it is in the first cache level. All matrices are as wide as C.
struct Epilogue: BitwiseCopyable {
  /// Added to every row before anything else.
  var bias: UnsafePointer<Float>?
  var activation = Activation.none
  /// Where the values before the activation go, if anywhere.
  var preactivation: UnsafeMutablePointer<Float>?
  /// With both: result = x0 * result + x, a cross layer.
  var crossX0: UnsafePointer<Float>?
  var crossX: UnsafePointer<Float>?

  /// A pass over the finished tile is needed: bias and relu are part of the tile kernel itself.
  @inline(__always)
  var needsPass: Bool { preactivation != nil || crossX0 != nil || !(activation == .none || activation == .relu) }

  /// The tile kernel itself may cut negative results off.
  @inline(__always)
  var clampsInTile: Bool { activation == .relu && preactivation == nil && crossX0 == nil }

  /// Finishes `rows` x `columns` of C that begin `offset` floats behind its start.
  @inline(never)
  func finish(_ c: UnsafeMutablePointer<Float>, stride: Int, offset: Int, rows: Int, columns: Int) {
    for row in 0..<rows {
      let at = offset &+ row &* stride
      let values = c + at
      if let preactivation { (preactivation + at).update(from: values, count: columns) }
      if let crossX0, let crossX {
        mapElements(columns, values, crossX0 + at, crossX + at, values) { product, x0, x in x.adding(x0, times: product) }
      }
      switch activation {
      case .none: break
      case .relu: mapElements(columns, values, values) { $0.clampedToZero }
      case .sigmoid: mapElements(columns, values, values) { $0.sigmoid() }
      case .tanh: mapElements(columns, values, values) { $0.hyperbolicTangent() }
      case .gelu: mapElements(columns, values, values) { $0.gelu() }
      }
    }
  }
}
