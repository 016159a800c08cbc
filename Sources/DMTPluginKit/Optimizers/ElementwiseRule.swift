internal import CDMTPlugin
internal import DMTCore

/// An ``ElementwiseOptimizer`` as the optimizer that the contract knows.
struct ElementwiseRule<Rule: ElementwiseOptimizer>: Optimizer {
  private let rule: Rule

  init(_ rule: Rule) { self.rule = rule }

  var name: String { rule.name }
  var summary: String { rule.summary }
  var attributes: AttributeSchema { rule.attributes }
  var learningRate: Double { rule.learningRate }
  var servesDense: Bool { true }
  var servesTables: Bool { true }
  var sumsRows: Bool { false }

  func layout(_ attributes: Attributes) throws(DMTError) -> OptimizerLayout {
    let states = rule.states(try rule.settings(attributes))
    if let state = states.first(where: { $0.isRowwise }) {
      throw DMTError(
        .invalidArgument,
        "state '\(state.name)' is once a row, and an ElementwiseOptimizer keeps all of them for every weight",
        remedy: "conform to Optimizer")
    }
    return OptimizerLayout(states: states)
  }

  func bind(_ request: OptimizerRequest) throws(DMTError) -> any OptimizerKernel {
    let settings = try rule.settings(request.attributes)
    let states = rule.states(settings).count
    switch request.dtype {
    case .float32: return ElementwiseKernel<Rule, Float>(rule, settings, states)
    case .float64: return ElementwiseKernel<Rule, Double>(rule, settings, states)
    default: throw DMTError(.unsupported, "\(name) computes float32 and float64, not \(request.dtype)")
    }
  }
}

/// Numbers that rules compute with; a protocol of our own, because code that is generic over all floating-point types converts
/// them slowly where it is not specialized.
private protocol WeightScalar {
  var double: Double { get }
  init(double: Double)
}

extension Float: WeightScalar {
  fileprivate var double: Double { Double(self) }
  fileprivate init(double: Double) { self = Float(double) }
}

extension Double: WeightScalar {
  fileprivate var double: Double { self }
  fileprivate init(double: Double) { self = double }
}

private final class ElementwiseKernel<Rule: ElementwiseOptimizer, Scalar: WeightScalar>: OptimizerKernel {
  private let rule: Rule
  private let settings: Rule.Settings
  private let stateCount: Int

  init(_ rule: Rule, _ settings: Rule.Settings, _ stateCount: Int) {
    self.rule = rule
    self.settings = settings
    self.stateCount = stateCount
  }

  func updateElements(_ call: UnsafePointer<dmt_optimizer_elements>) throws(DMTError) {
    let given = call.pointee
    try update(
      from: 0, count: Int(given.count), parameters: given.parameters, gradients: given.gradients,
      states: given.states, scale: given.gradient_scale,
      UpdateStep(learningRate: given.learning_rate, number: Int(given.step)))
  }

  func sumRows(_ call: UnsafePointer<dmt_optimizer_rows>) throws(DMTError) {
    throw DMTError(.unsupported, "\(rule.name) needs no sums of rows")
  }

  func updateRows(_ call: UnsafePointer<dmt_optimizer_rows>) throws(DMTError) {
    let given = call.pointee
    let columns = Int(given.columns)
    for index in 0..<Int(given.row_count) {
      try update(
        from: Int(given.rows[index]) * columns, count: columns, parameters: given.parameters,
        gradients: given.gradients + index * columns * MemoryLayout<Scalar>.stride, states: given.states,
        scale: given.gradient_scale, UpdateStep(learningRate: given.learning_rate, number: Int(given.step)))
    }
  }

  /// Weights and states begin at element `first`, gradients at their own first.
  private func update(
    from first: Int, count: Int, parameters: UnsafeMutableRawPointer?, gradients: UnsafeRawPointer?,
    states: UnsafePointer<UnsafeMutableRawPointer?>?, scale: Double, _ step: UpdateStep
  ) throws(DMTError) {
    guard let weights = parameters?.assumingMemoryBound(to: Scalar.self),
      let slopes = gradients?.assumingMemoryBound(to: Scalar.self)
    else { throw missing("the parameters or their gradients") }
    var state = WeightState()
    for index in 0..<count {
      for number in 0..<stateCount {
        guard let memory = states?[number] else { throw missing("a state") }
        state[number] = memory.assumingMemoryBound(to: Scalar.self)[first + index].double
      }
      weights[first + index] = Scalar(
        double: rule.updated(
          weights[first + index].double, gradient: slopes[index].double * scale, state: &state, step: step,
          settings: settings))
      for number in 0..<stateCount {
        states?[number]?.assumingMemoryBound(to: Scalar.self)[first + index] = Scalar(double: state[number])
      }
    }
  }
}
