import DMTCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An optimizer's settings with PyTorch's defaults, checked.
struct OptimizerSettings {
  enum Kind: String {
    case sgd
    case adagrad
    case adam
    case adamw
    case rowwiseAdagrad = "rowwise_adagrad"
    case lazyAdam = "lazy_adam"
  }

  let kind: Kind
  let momentum: Double
  let nesterov: Bool
  let weightDecay: Double
  let beta1: Double
  let beta2: Double
  let epsilon: Double

  /// - Throws: ``DMTError/Code/invalidArgument`` for an unknown optimizer or a setting outside its bounds.
  init(_ spec: OptimizerSpec) throws(DMTError) {
    guard let kind = Kind(rawValue: spec.name) else {
      // The specification's own error knows all names.
      _ = try spec.states()
      throw DMTError(.unsupported, "the reference does not know optimizer '\(spec.name)'")
    }
    self.kind = kind
    let attributes = spec.attributes
    momentum = try attributes.double("momentum", default: 0)
    nesterov = try attributes.bool("nesterov", default: false)
    weightDecay = try attributes.double("weight_decay", default: kind == .adamw ? 0.01 : 0)
    beta1 = try attributes.double("beta1", default: 0.9)
    beta2 = try attributes.double("beta2", default: 0.999)
    epsilon = try attributes.double("eps", default: kind == .adagrad ? 1e-10 : 1e-8)
    try check("momentum", momentum, momentum >= 0, "a number of at least 0")
    try check("weight_decay", weightDecay, weightDecay >= 0, "a number of at least 0")
    try check("beta1", beta1, beta1 >= 0 && beta1 < 1, "a number in 0 ..< 1")
    try check("beta2", beta2, beta2 >= 0 && beta2 < 1, "a number in 0 ..< 1")
    try check("eps", epsilon, epsilon >= 0, "a number of at least 0")
    guard !nesterov || momentum > 0 else {
      throw DMTError(
        .invalidArgument, "optimizer sgd: nesterov needs a momentum above 0, found \(momentum)",
        remedy: "set momentum, or leave out nesterov")
    }
  }

  private func check(_ name: String, _ value: Double, _ isValid: Bool, _ expected: String) throws(DMTError) {
    guard isValid else {
      throw DMTError(.invalidArgument, "optimizer \(kind.rawValue): '\(name)' is \(value), expected \(expected)")
    }
  }

  /// 1 - beta^step of both moments, Adam's bias corrections.
  func corrections(step: Int64) -> (first: Double, second: Double) {
    (1 - pow(beta1, Double(step)), 1 - pow(beta2, Double(step)))
  }
}
