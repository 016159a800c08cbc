import DMTCore

/// One update of the touched rows of a table.
struct RowRule<Scalar: ReferenceScalar> {
  let settings: OptimizerSettings
  let learningRate: Double
  let corrections: (first: Double, second: Double)

  init(_ settings: OptimizerSettings, learningRate: Double, step: Int64) {
    self.settings = settings
    self.learningRate = learningRate
    corrections = settings.corrections(step: step)
  }

  /// Updates row `row` from its summed gradient, to which the weight decay is added here.
  func update(
    row: Int, dim: Int, weights table: UnsafeMutablePointer<Scalar>, gradient: UnsafeMutablePointer<Double>,
    states: (UnsafeMutablePointer<Scalar>?, UnsafeMutablePointer<Scalar>?)
  ) {
    let weights = table + row * dim
    for column in 0..<dim { gradient[column] += settings.weightDecay * weights[column].double }
    switch settings.kind {
    case .sgd, .adam, .adamw:
      for column in 0..<dim { move(weights, column, gradient[column]) }
    case .adagrad:
      guard let sums = states.0.map({ $0 + row * dim }) else { return }
      for column in 0..<dim {
        let sum = sums[column].double + gradient[column] * gradient[column]
        sums[column] = Scalar(sum)
        move(weights, column, quotient(gradient[column], sum.squareRoot() + settings.epsilon))
      }
    case .rowwiseAdagrad:
      guard let sums = states.0 else { return }
      var squares = 0.0
      for column in 0..<dim { squares += gradient[column] * gradient[column] }
      let sum = sums[row].double + squares / Double(max(dim, 1))
      sums[row] = Scalar(sum)
      for column in 0..<dim {
        move(weights, column, quotient(gradient[column], sum.squareRoot() + settings.epsilon))
      }
    case .lazyAdam:
      guard let averages = states.0.map({ $0 + row * dim }), let squares = states.1.map({ $0 + row * dim }) else {
        return
      }
      for column in 0..<dim {
        let g = gradient[column]
        let average = settings.beta1 * averages[column].double + (1 - settings.beta1) * g
        let square = settings.beta2 * squares[column].double + (1 - settings.beta2) * g * g
        averages[column] = Scalar(average)
        squares[column] = Scalar(square)
        // PyTorch's SparseAdam adds eps before it corrects the second moment.
        let step = corrections.second.squareRoot() / corrections.first
        move(weights, column, step * quotient(average, square.squareRoot() + settings.epsilon))
      }
    }
  }

  private func move(_ weights: UnsafeMutablePointer<Scalar>, _ column: Int, _ step: Double) {
    weights[column] = Scalar(weights[column].double - learningRate * step)
  }

  /// 0 / 0 is 0: a gradient that has always been 0 moves nothing, whatever eps is.
  private func quotient(_ a: Double, _ b: Double) -> Double { a == 0 ? 0 : a / b }
}
