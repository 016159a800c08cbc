internal import CDMTPlugin

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// An optimizer's settings, checked; PyTorch's defaults.
struct OptimizerSettings {
  enum Kind: BitwiseCopyable {
    case sgd, momentum, nesterov, adagrad, adam, adamw, rowwiseAdagrad, lazyAdam
  }

  let kind: Kind
  let momentum: Double
  let weightDecay: Double
  let beta1: Double
  let beta2: Double
  let epsilon: Double

  /// State tensors for every tensor, in the order of the contract's update.h.
  var stateCount: Int {
    switch kind {
    case .sgd: 0
    case .momentum, .nesterov, .adagrad, .rowwiseAdagrad: 1
    case .adam, .adamw, .lazyAdam: 2
    }
  }

  init(name: String, _ attributes: NamedAttributes) throws(Failure) {
    momentum = attributes.double("momentum", default: 0)
    let nesterov = attributes.bool("nesterov", default: false)
    weightDecay = attributes.double("weight_decay", default: name == "adamw" ? 0.01 : 0)
    beta1 = attributes.double("beta1", default: 0.9)
    beta2 = attributes.double("beta2", default: 0.999)
    epsilon = attributes.double("eps", default: name == "adagrad" ? 1e-10 : 1e-8)
    switch name {
    case "sgd": kind = momentum == 0 ? .sgd : nesterov ? .nesterov : .momentum
    case "adagrad": kind = .adagrad
    case "adam": kind = .adam
    case "adamw": kind = .adamw
    case "rowwise_adagrad": kind = .rowwiseAdagrad
    case "lazy_adam": kind = .lazyAdam
    default: throw .unserved("unknown optimizer '\(name)'")
    }
    func check(_ setting: String, _ value: Double, _ isValid: Bool, _ expected: String) throws(Failure) {
      guard isValid else { throw .invalid("optimizer \(name): '\(setting)' is \(value), expected \(expected)") }
    }
    try check("momentum", momentum, momentum >= 0, "a number of at least 0")
    try check("weight_decay", weightDecay, weightDecay >= 0, "a number of at least 0")
    try check("beta1", beta1, beta1 >= 0 && beta1 < 1, "a number in 0 ..< 1")
    try check("beta2", beta2, beta2 >= 0 && beta2 < 1, "a number in 0 ..< 1")
    try check("eps", epsilon, epsilon >= 0, "a number of at least 0")
    guard !nesterov || momentum > 0 else {
      throw .invalid("optimizer sgd: nesterov needs a momentum above 0, found \(momentum)")
    }
  }
}

/// One update: the settings with this step's learning rate and corrections, in float32.
struct OptimizerRule: BitwiseCopyable {
  let kind: OptimizerSettings.Kind
  /// What every gradient is multiplied by first.
  let gradientScale: Float
  /// Added to the gradient as a multiple of the weight.
  let decay: Float
  /// What the weight is multiplied by before anything else (adamw).
  let shrink: Float
  let momentum: Float
  let beta1: Float
  let rest1: Float
  let beta2: Float
  let rest2: Float
  let epsilon: Float
  /// The length of the step, bias corrections included.
  let rate: Float
  /// What the root of the second moment is multiplied by.
  let rootScale: Float

  init(_ settings: OptimizerSettings, learningRate: Double, gradientScale: Double, step: Int64) {
    kind = settings.kind
    self.gradientScale = Float(gradientScale)
    decay = kind == .adamw ? 0 : Float(settings.weightDecay)
    shrink = kind == .adamw ? Float(1 - learningRate * settings.weightDecay) : 1
    momentum = Float(settings.momentum)
    beta1 = Float(settings.beta1)
    rest1 = Float(1 - settings.beta1)
    beta2 = Float(settings.beta2)
    rest2 = Float(1 - settings.beta2)
    epsilon = Float(settings.epsilon)
    let first = 1 - pow(settings.beta1, Double(step))
    let second = 1 - pow(settings.beta2, Double(step))
    switch kind {
    case .adam, .adamw:
      // m / (1 - b1^t) / (sqrt(v) / sqrt(1 - b2^t) + eps)
      rate = Float(learningRate / first)
      rootScale = Float(1 / second.squareRoot())
    case .lazyAdam:
      // PyTorch's SparseAdam adds eps before it corrects the second moment.
      rate = Float(learningRate * second.squareRoot() / first)
      rootScale = 1
    case .sgd, .momentum, .nesterov, .adagrad, .rowwiseAdagrad:
      rate = Float(learningRate)
      rootScale = 1
    }
  }

  /// Updates `count` weights and their states; a state that the optimizer has not may be any address.
  @inline(__always)
  func apply(
    _ count: Int, _ weights: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
    _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>
  ) {
    switch kind {
    case .sgd:
      let rate = Lane(repeating: -rate)
      mapElements(count, weights, gradient, weights) { w, g in w.adding(scaled(g, w), times: rate) }
    case .momentum, .nesterov: applyMomentum(count, weights, gradient, first)
    case .adagrad: applyAdagrad(count, weights, gradient, first)
    case .adam, .adamw, .lazyAdam: applyAdam(count, weights, gradient, first, second)
    case .rowwiseAdagrad: applyRowwise(count, weights, gradient, first)
    }
  }

  /// The gradient, scaled, with the weight's decay.
  @inline(__always)
  private func scaled(_ gradient: Lane, _ weight: Lane) -> Lane {
    (gradient * Lane(repeating: gradientScale)).adding(weight, times: Lane(repeating: decay))
  }

  /// a / b, where 0 / 0 is 0: a gradient that has always been 0 moves nothing, whatever eps is.
  @inline(__always)
  private func quotient(_ a: Lane, _ b: Lane) -> Lane { (a / b).replacing(with: Lane.zero, where: a .== Lane.zero) }

  /// Whole registers, then the tail.
  @inline(__always)
  private func forEachLane(_ count: Int, _ body: (_ at: Int, _ count: Int, _ isWhole: Bool) -> Void) {
    var i = 0
    while i &+ Lane.width <= count {
      body(i, Lane.width, true)
      i &+= Lane.width
    }
    if i < count { body(i, count &- i, false) }
  }

  @inline(__always)
  private func load(_ p: UnsafePointer<Float>, _ count: Int, _ isWhole: Bool) -> Lane {
    isWhole ? Lane.load(p) : Lane.load(p, first: count)
  }

  @inline(__always)
  private func store(_ lane: Lane, _ p: UnsafeMutablePointer<Float>, _ count: Int, _ isWhole: Bool) {
    if isWhole { lane.store(p) } else { lane.store(p, first: count) }
  }

  @inline(__always)
  private func applyMomentum(
    _ count: Int, _ weights: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
    _ buffer: UnsafeMutablePointer<Float>
  ) {
    let factor = Lane(repeating: momentum)
    let rate = Lane(repeating: -rate)
    forEachLane(count) { at, count, isWhole in
      let w = load(weights + at, count, isWhole)
      let g = scaled(load(gradient + at, count, isWhole), w)
      let velocity = g.adding(load(buffer + at, count, isWhole), times: factor)
      let direction = kind == .nesterov ? g.adding(velocity, times: factor) : velocity
      store(velocity, buffer + at, count, isWhole)
      store(w.adding(direction, times: rate), weights + at, count, isWhole)
    }
  }

  @inline(__always)
  private func applyAdagrad(
    _ count: Int, _ weights: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
    _ sums: UnsafeMutablePointer<Float>
  ) {
    let rate = Lane(repeating: -rate)
    let epsilon = Lane(repeating: epsilon)
    forEachLane(count) { at, count, isWhole in
      let w = load(weights + at, count, isWhole)
      let g = scaled(load(gradient + at, count, isWhole), w)
      let sum = load(sums + at, count, isWhole).adding(g, times: g)
      store(sum, sums + at, count, isWhole)
      store(w.adding(quotient(g, sum.squareRoot() + epsilon), times: rate), weights + at, count, isWhole)
    }
  }

  @inline(__always)
  private func applyAdam(
    _ count: Int, _ weights: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
    _ averages: UnsafeMutablePointer<Float>, _ squares: UnsafeMutablePointer<Float>
  ) {
    let rate = Lane(repeating: -rate)
    let epsilon = Lane(repeating: epsilon)
    let rootScale = Lane(repeating: rootScale)
    let shrink = Lane(repeating: shrink)
    forEachLane(count) { at, count, isWhole in
      let w = load(weights + at, count, isWhole)
      let g = scaled(load(gradient + at, count, isWhole), w)
      let average = (load(averages + at, count, isWhole) * Lane(repeating: beta1)).adding(g, times: Lane(repeating: rest1))
      let square =
        (load(squares + at, count, isWhole) * Lane(repeating: beta2)).adding(g * g, times: Lane(repeating: rest2))
      store(average, averages + at, count, isWhole)
      store(square, squares + at, count, isWhole)
      let step = quotient(average, epsilon.adding(square.squareRoot(), times: rootScale))
      store((w * shrink).adding(step, times: rate), weights + at, count, isWhole)
    }
  }

  /// One sum for all `count` weights of a row.
  @inline(__always)
  private func applyRowwise(
    _ count: Int, _ weights: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>,
    _ sum: UnsafeMutablePointer<Float>
  ) {
    let squares = sumElements(count, gradient, UnsafePointer(weights)) { g, w in
      let g = scaled(g, w)
      return g * g
    }
    sum[0] += squares / Float(count)
    let step = sum[0].squareRoot() + epsilon
    // Nothing has ever moved this row, and nothing does now.
    if step == 0 { return }
    let rate = Lane(repeating: -rate / step)
    mapElements(count, weights, gradient, weights) { w, g in w.adding(scaled(g, w), times: rate) }
  }
}
