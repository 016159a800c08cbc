import DMTCore

/// `linear`: out = activation(x weight^T + bias); x [.., in], weight [out, in], bias [out].
///
/// Backward, with dz = g activation': dx = dz weight, dweight = dz^T x, dbias = sum of dz. The slope comes from the
/// output, for `gelu` from the saved argument.
struct LinearKernel: ReferenceOperation {
  private let rows: Int
  private let width: Int
  private let out: Int
  private let hasBias: Bool
  private let activation: Activation
  private let isTraining: Bool

  init(_ request: CheckedRequest) throws(DMTError) {
    hasBias = try request.attributes.bool("bias", default: true)
    let name = try request.attributes.string("activation", default: "none")
    guard let activation = Activation(rawValue: name) else {
      throw request.attributeError("activation", Activation.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.activation = activation
    isTraining = request.isTraining
    try request.expect(inputs: 1, parameters: hasBias ? 2 : 1)
    let shape = request.input(0)
    guard let width = shape.dims.last, shape.rank >= 2 else {
      throw request.shapeError(input: 0, "[.., in] with at least two axes")
    }
    self.width = width
    out = try request.attributes.int("out")
    guard out >= 1, out <= Int(Int32.max) else { throw request.attributeError("out", "a positive width") }
    rows = shape.dims.dropLast().reduce(1, *)
    try request.expect(parameter: 0, "weight", [out, width])
    if hasBias { try request.expect(parameter: 1, "bias", [out]) }
    try request.expect(output: Shape(shape.dims.dropLast() + [out]))
  }

  /// The arguments of `gelu`.
  var savedCount: Int { isTraining && !activation.slopeFollowsFromOutput ? rows * out : 0 }
  /// dz.
  var scratchCount: Int { isTraining ? rows * out : 0 }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let x = Matrix(try call.input(0), columns: width)
    let weight = Matrix(try call.parameter(0), columns: width)
    let bias = hasBias ? try call.parameter(1) : nil
    let output = try call.output()
    let arguments = savedCount > 0 ? try call.saved() : nil
    x.multiply(weight.transposed, rows: rows, inner: width, columns: out) { row, column, product in
      let argument = product + (bias?[column].double ?? 0)
      arguments?[row * out + column] = argument
      output[row * out + column] = Scalar(activation.value(argument))
    }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let gradient = try call.outputGradient()
    let dz = try call.scratch()
    switch activation {
    case .none:
      for index in 0..<rows * out { dz[index] = gradient[index].double }
    case .gelu:
      let arguments = try call.saved()
      for index in 0..<rows * out { dz[index] = gradient[index].double * activation.slope(arguments[index]) }
    case .relu, .sigmoid, .tanh:
      let output = try call.output()
      for index in 0..<rows * out { dz[index] = gradient[index].double * activation.slope(output[index].double) }
    }
    let slopes = Matrix(UnsafePointer(dz), columns: out)
    if let target = call.inputGradient(0) {
      let weight = Matrix(try call.parameter(0), columns: width)
      slopes.multiply(weight, rows: rows, inner: out, columns: width) { row, column, value in
        target.write(row * width + column, value)
      }
    }
    if let target = call.parameterGradient(0) {
      let x = Matrix(try call.input(0), columns: width)
      slopes.transposed.multiply(x, rows: out, inner: rows, columns: width) { row, column, value in
        target.write(row * width + column, value)
      }
    }
    if hasBias, let target = call.parameterGradient(1) {
      for column in 0..<out {
        var sum = 0.0
        for row in 0..<rows { sum += slopes[row, column] }
        target.write(column, sum)
      }
    }
  }
}
