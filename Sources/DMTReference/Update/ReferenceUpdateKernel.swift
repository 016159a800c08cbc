import CDMTPlugin
import DMTCore

/// One dense optimizer on all its tensors.
final class ReferenceUpdateKernel: UpdateKernel {
  private typealias Body = (dmt_update_call) throws(DMTError) -> Void
  private let body: Body

  init<Scalar: ReferenceScalar>(_ settings: OptimizerSettings, _ sizes: [Int], _ states: Int, _: Scalar.Type) {
    body = { call throws(DMTError) in
      guard call.step >= 1 else {
        throw DMTError(.invalidArgument, "update was called for step \(call.step); steps count from 1")
      }
      let rule = DenseRule<Scalar>(settings, call)
      for (tensor, size) in sizes.enumerated() where size > 0 {
        try rule.update(tensor, size: size, states: states)
      }
    }
  }

  func update(_ call: UnsafePointer<dmt_update_call>) throws(DMTError) {
    guard Int(call.pointee.struct_size) >= MemoryLayout<dmt_update_call>.size else {
      throw DMTError(
        .invalidArgument,
        "update was called with a struct of \(call.pointee.struct_size) bytes, expected "
          + "\(MemoryLayout<dmt_update_call>.size)")
    }
    try body(call.pointee)
  }
}

/// One update of dense tensors.
private struct DenseRule<Scalar: ReferenceScalar> {
  let settings: OptimizerSettings
  let call: dmt_update_call

  init(_ settings: OptimizerSettings, _ call: dmt_update_call) {
    self.settings = settings
    self.call = call
  }

  func update(_ tensor: Int, size: Int, states: Int) throws(DMTError) {
    guard let parameterMemory = call.parameters?[tensor], let gradientMemory = call.gradients?[tensor] else {
      throw DMTError(.invalidArgument, "update was called without the parameter or the gradient of tensor \(tensor)")
    }
    let parameter = parameterMemory.assumingMemoryBound(to: Scalar.self)
    let gradient = gradientMemory.assumingMemoryBound(to: Scalar.self)
    switch settings.kind {
    case .sgd: try sgd(parameter, gradient, states == 0 ? nil : state(tensor, 0, of: states), size)
    case .adagrad: try adagrad(parameter, gradient, state(tensor, 0, of: states), size)
    case .adam, .adamw:
      try adam(parameter, gradient, state(tensor, 0, of: states), state(tensor, 1, of: states), size)
    case .rowwiseAdagrad, .lazyAdam:
      throw DMTError(.unsupported, "optimizer \(settings.kind.rawValue) is for tables only")
    }
  }

  private func state(_ tensor: Int, _ index: Int, of states: Int) throws(DMTError) -> UnsafeMutablePointer<Scalar> {
    guard let memory = call.states?[tensor * states + index] else {
      throw DMTError(.invalidArgument, "update was called without state \(index) of tensor \(tensor)")
    }
    return memory.assumingMemoryBound(to: Scalar.self)
  }

  /// The gradient with clipping and, where the optimizer adds it to the gradient, the weight decay.
  @inline(__always)
  private func slope(_ gradient: Scalar, _ weight: Double) -> Double {
    gradient.double * call.gradient_scale + (settings.kind == .adamw ? 0 : settings.weightDecay * weight)
  }

  /// b = momentum b + g; w -= lr b, with nesterov w -= lr (g + momentum b), without momentum w -= lr g.
  private func sgd(
    _ parameter: UnsafeMutablePointer<Scalar>, _ gradient: UnsafePointer<Scalar>,
    _ buffer: UnsafeMutablePointer<Scalar>?, _ size: Int
  ) {
    for index in 0..<size {
      let weight = parameter[index].double
      var step = slope(gradient[index], weight)
      if let buffer {
        let average = settings.momentum * buffer[index].double + step
        buffer[index] = Scalar(average)
        step = settings.nesterov ? step + settings.momentum * average : average
      }
      parameter[index] = Scalar(weight - call.learning_rate * step)
    }
  }

  /// s += g^2; w -= lr g / (sqrt(s) + eps).
  private func adagrad(
    _ parameter: UnsafeMutablePointer<Scalar>, _ gradient: UnsafePointer<Scalar>,
    _ sums: UnsafeMutablePointer<Scalar>, _ size: Int
  ) {
    for index in 0..<size {
      let weight = parameter[index].double
      let g = slope(gradient[index], weight)
      let sum = sums[index].double + g * g
      sums[index] = Scalar(sum)
      // 0 / 0 where the gradient has always been 0 and eps is 0: nothing moves.
      guard g != 0 else { continue }
      parameter[index] = Scalar(weight - call.learning_rate * g / (sum.squareRoot() + settings.epsilon))
    }
  }

  /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= lr / c1 m / (sqrt(v) / sqrt(c2) + eps), ci = 1 - bi^step;
  /// adamw first shrinks w by 1 - lr weight_decay.
  private func adam(
    _ parameter: UnsafeMutablePointer<Scalar>, _ gradient: UnsafePointer<Scalar>,
    _ averages: UnsafeMutablePointer<Scalar>, _ squares: UnsafeMutablePointer<Scalar>, _ size: Int
  ) {
    let corrections = settings.corrections(step: call.step)
    let shrink = settings.kind == .adamw ? 1 - call.learning_rate * settings.weightDecay : 1
    for index in 0..<size {
      let weight = parameter[index].double
      let g = slope(gradient[index], weight)
      let average = settings.beta1 * averages[index].double + (1 - settings.beta1) * g
      let square = settings.beta2 * squares[index].double + (1 - settings.beta2) * g * g
      averages[index] = Scalar(average)
      squares[index] = Scalar(square)
      let scale = square.squareRoot() / corrections.second.squareRoot() + settings.epsilon
      let step = average == 0 ? 0 : average / corrections.first / scale
      parameter[index] = Scalar(weight * shrink - call.learning_rate * step)
    }
  }
}
