/// The functions that can follow a product, and what comes after a product in the other operators.
enum Activation: String {
  case none
  case relu
  case sigmoid
  case tanh
  case gelu

  /// The derivative cannot be had from the output.
  var backwardReadsInput: Bool { self == .gelu }

  /// target = activation(source + bias) on rows of `width`; source may be target, a nil bias is 0. What the activation was
  /// applied to goes back to source when `keepsInput`.
  func apply(
    _ source: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>?, to target: UnsafeMutablePointer<Float>,
    rows: Int,
    width: Int, keepsInput: Bool
  ) {
    switch self {
    case .none: Self.map(source, bias, target, rows, width, keepsInput) { $0 }
    case .relu:
      Self.map(source, bias, target, rows, width, keepsInput) { $0.replacing(with: Lane.zero, where: $0 .< Lane.zero) }
    case .sigmoid: Self.map(source, bias, target, rows, width, keepsInput) { $0.sigmoid() }
    case .tanh: Self.map(source, bias, target, rows, width, keepsInput) { $0.hyperbolicTangent() }
    case .gelu: Self.map(source, bias, target, rows, width, keepsInput) { $0.gelu() }
    }
  }

  /// target = gradient * activation', from the output, or the input where ``backwardReadsInput``.
  func applyDerivative(
    kept: UnsafePointer<Float>, gradient: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int
  ) {
    let one = Lane.one
    switch self {
    case .none: ElementLoops.zip(kept, gradient, to: target, count: count) { $1 }
    case .relu:
      ElementLoops.zip(kept, gradient, to: target, count: count) {
        Lane.zero.replacing(with: $1, where: $0 .> Lane.zero)
      }
    case .sigmoid: ElementLoops.zip(kept, gradient, to: target, count: count) { $1 * $0 * (one - $0) }
    case .tanh: ElementLoops.zip(kept, gradient, to: target, count: count) { $1 * (one - $0 * $0) }
    case .gelu: ElementLoops.zip(kept, gradient, to: target, count: count) { $1 * $0.geluDerivative() }
    }
  }

  @inline(__always)
  private static func map(
    _ source: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>?, _ target: UnsafeMutablePointer<Float>,
    _ rows: Int,
    _ width: Int, _ keepsInput: Bool, _ transform: (Lane) -> Lane
  ) {
    for row in 0..<rows {
      let (from, to) = (source + row &* width, target + row &* width)
      var column = 0
      while column &+ 8 <= width {
        var lane = Lane.load(from + column)
        if let bias { lane += Lane.load(bias + column) }
        if keepsInput { lane.store(from + column) }
        transform(lane).store(to + column)
        column &+= 8
      }
      if column < width {
        let rest = width &- column
        var lane = Lane.load(from + column, first: rest)
        if let bias { lane += Lane.load(bias + column, first: rest) }
        if keepsInput { lane.store(from + column, first: rest) }
        transform(lane).store(to + column, first: rest)
      }
    }
  }
}

/// Loops over the elements of two or three tensors.
enum ElementLoops {
  /// target = transform(a, b).
  @inline(__always)
  static func zip(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int,
    _ transform: (Lane, Lane) -> Lane
  ) {
    var index = 0
    while index &+ 8 <= count {
      transform(Lane.load(a + index), Lane.load(b + index)).store(target + index)
      index &+= 8
    }
    if index < count {
      let rest = count &- index
      transform(Lane.load(a + index, first: rest), Lane.load(b + index, first: rest)).store(target + index, first: rest)
    }
  }

  /// z += bias, then out = x0 z + x, on rows of `width`; z may be out.
  static func cross(
    z: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>, x0: UnsafePointer<Float>, x: UnsafePointer<Float>,
    to out: UnsafeMutablePointer<Float>, rows: Int, width: Int
  ) {
    for row in 0..<rows {
      let base = row &* width
      var column = 0
      while column &+ 8 <= width {
        let index = base &+ column
        let sum = Lane.load(z + index) + Lane.load(bias + column)
        sum.store(z + index)
        Lane.load(x + index).adding(Lane.load(x0 + index), times: sum).store(out + index)
        column &+= 8
      }
      while column < width {
        let index = base &+ column
        let sum = z[index] + bias[column]
        z[index] = sum
        out[index] = x[index] + x0[index] * sum
        column &+= 1
      }
    }
  }
}
