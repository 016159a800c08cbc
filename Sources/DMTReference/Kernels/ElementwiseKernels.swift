import DMTCore

/// `scale`: out = factor x.
struct ScaleKernel: ReferenceOperation {
  private let count: Int
  private let factor: Double

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1)
    guard request.attributes["factor"] != nil else { throw request.attributeError("factor", "a number") }
    factor = try request.attributes.double("factor", default: 1)
    count = CheckedRequest.count(request.input(0))
    try request.expect(output: request.input(0))
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, output) = (try call.input(0), try call.output())
    for index in 0..<count { output[index] = Scalar(factor * x[index].double) }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard let target = call.inputGradient(0) else { return }
    let gradient = try call.outputGradient()
    for index in 0..<count { target.write(index, factor * gradient[index].double) }
  }
}

/// `relu`, `sigmoid`, `tanh`, `gelu`; backward reads the output, that of `gelu` the input.
struct ActivationKernel: ReferenceOperation {
  private let count: Int
  private let activation: Activation

  init(_ request: CheckedRequest) throws(DMTError) {
    guard let activation = Activation(rawValue: request.op) else {
      throw DMTError(.internalError, "operator \(request.op) is no activation")
    }
    self.activation = activation
    try request.expect(inputs: 1)
    count = CheckedRequest.count(request.input(0))
    try request.expect(output: request.input(0))
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, output) = (try call.input(0), try call.output())
    for index in 0..<count { output[index] = Scalar(activation.value(x[index].double)) }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard let target = call.inputGradient(0) else { return }
    let gradient = try call.outputGradient()
    let values = activation.slopeFollowsFromOutput ? UnsafePointer(try call.output()) : try call.input(0)
    for index in 0..<count {
      target.write(index, gradient[index].double * activation.slope(values[index].double))
    }
  }
}

/// `dropout`: in training element e of sample s is zero where its random word is below floor(p 2^32), and divided by
/// 1 - p elsewhere; the identity otherwise. Backward makes the same words again.
struct DropoutKernel: ReferenceOperation {
  private let batch: Int
  private let perSample: Int
  private let probability: Double

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1)
    let shape = request.input(0)
    guard let batch = shape.dims.first else { throw request.shapeError(input: 0, "[B, ..]") }
    probability = try request.attributes.double("p", default: 0.5)
    guard probability >= 0, probability <= 1 else { throw request.attributeError("p", "a probability") }
    self.batch = batch
    perSample = shape.dims.dropFirst().reduce(1, *)
    try request.expect(output: shape)
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, output) = (try call.input(0), try call.output())
    try forEachFactor(call) { index, factor in output[index] = Scalar(factor == 0 ? 0 : factor * x[index].double) }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard let target = call.inputGradient(0) else { return }
    let gradient = try call.outputGradient()
    try forEachFactor(call) { index, factor in
      target.write(index, factor == 0 ? 0 : factor * gradient[index].double)
    }
  }

  private func forEachFactor<Scalar: ReferenceScalar>(
    _ call: Arguments<Scalar>, _ body: (Int, Double) -> Void
  ) throws(DMTError) {
    guard batch > 0, perSample > 0 else { return }
    guard call.isTraining, probability > 0 else {
      for index in 0..<batch * perSample { body(index, 1) }
      return
    }
    guard probability < 1 else {
      for index in 0..<batch * perSample { body(index, 0) }
      return
    }
    let samples = try call.samples()
    let threshold = Dropout.threshold(probability: probability)
    let kept = 1 / (1 - probability)
    for sample in 0..<batch {
      for group in 0..<(perSample + 3) / 4 {
        let words = Dropout.words(
          seed: call.seed, step: call.step, node: call.node, sample: samples[sample],
          group: UInt32(truncatingIfNeeded: group))
        for element in 4 * group..<min(4 * group + 4, perSample) {
          body(sample * perSample + element, words[element % 4] < threshold ? 0 : kept)
        }
      }
    }
  }
}
