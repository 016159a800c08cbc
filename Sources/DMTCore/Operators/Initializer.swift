/// The initial values of a parameter: a function of (seed, parameter name, element) and nothing else.
public enum Initializer: Sendable, Hashable {
  case zeros
  case ones
  /// Uniform on [low, high).
  case uniform(low: Double, high: Double)
  case normal(mean: Double, deviation: Double)
}
