#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The functions of one element that `linear` can end with and that are operators of their own.
enum Activation: String, CaseIterable {
  case none
  case relu
  case sigmoid
  case tanh
  case gelu

  /// The value at `x`.
  func value(_ x: Double) -> Double {
    switch self {
    case .none: x
    case .relu: x > 0 || x.isNaN ? x : 0
    case .sigmoid: Self.sigmoid(x)
    case .tanh: tanhOf(x)
    case .gelu: x * Self.normalDistribution(x)
    }
  }

  /// The derivative follows from the value; otherwise the argument is needed.
  var slopeFollowsFromOutput: Bool { self != .gelu }

  /// The derivative where the value is `y`; for `gelu`, where the argument is `y`.
  func slope(_ y: Double) -> Double {
    switch self {
    case .none: 1
    case .relu: y > 0 ? 1 : 0
    case .sigmoid: y * (1 - y)
    case .tanh: 1 - y * y
    case .gelu: Self.normalDistribution(y) + y * exp(-0.5 * y * y) * 0.398_942_280_401_432_677_94
    }
  }

  /// 1 / (1 + exp(-x)) without overflow on either side.
  static func sigmoid(_ x: Double) -> Double {
    if x >= 0 { return 1 / (1 + exp(-x)) }
    let small = exp(x)
    return small / (1 + small)
  }

  /// (1 + erf(x / sqrt 2)) / 2, by erfc so that nothing cancels at large negative x.
  private static func normalDistribution(_ x: Double) -> Double {
    0.5 * erfc(-x * 0.707_106_781_186_547_524_40)
  }
}

/// The library's tanh, which the enumeration case of that name hides inside ``Activation``.
private func tanhOf(_ x: Double) -> Double { tanh(x) }
