import DMTCore

/// `layer_norm`: y = (x - mean) / sqrt(variance + eps) weight + bias on the last axis; variance without correction.
///
/// Backward, with n = (x - mean) / s, s = sqrt(variance + eps) and d = g weight: dx = (d - mean d - n mean(d n)) / s,
/// dweight = sum of g n, dbias = sum of g.
struct LayerNormKernel: ReferenceOperation {
  private let rows: Int
  private let width: Int
  private let epsilon: Double

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1, parameters: 2)
    let shape = request.input(0)
    guard let width = shape.dims.last, shape.rank >= 2 else {
      throw request.shapeError(input: 0, "[.., D] with at least two axes")
    }
    self.width = width
    rows = shape.dims.dropLast().reduce(1, *)
    epsilon = try request.attributes.double("eps", default: 1e-5)
    guard epsilon >= 0 else { throw request.attributeError("eps", "a number of at least 0") }
    try request.expect(parameter: 0, "weight", [width])
    try request.expect(parameter: 1, "bias", [width])
    try request.expect(output: shape)
  }

  /// The sums of dweight and dbias.
  var scratchCount: Int { 2 * width }

  /// Mean and 1 / sqrt(variance + eps) of a row.
  private func moments<Scalar: ReferenceScalar>(_ row: UnsafePointer<Scalar>) -> (mean: Double, inverse: Double) {
    var sum = 0.0
    for index in 0..<width { sum += row[index].double }
    let mean = sum / Double(width)
    var squares = 0.0
    for index in 0..<width { squares += (row[index].double - mean) * (row[index].double - mean) }
    return (mean, 1 / (squares / Double(width) + epsilon).squareRoot())
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, output) = (try call.input(0), try call.output())
    let (weight, bias) = (try call.parameter(0), try call.parameter(1))
    for row in 0..<rows {
      let values = x + row * width
      let (mean, inverse) = moments(values)
      for index in 0..<width {
        let normalised = (values[index].double - mean) * inverse
        output[row * width + index] = Scalar(normalised * weight[index].double + bias[index].double)
      }
    }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, gradient) = (try call.input(0), try call.outputGradient())
    let weight = try call.parameter(0)
    let target = call.inputGradient(0)
    let weightSums = try call.scratch()
    let biasSums = weightSums + width
    weightSums.update(repeating: 0, count: 2 * width)
    for row in 0..<rows {
      let (values, slopes) = (x + row * width, gradient + row * width)
      let (mean, inverse) = moments(values)
      var sum = 0.0
      var product = 0.0
      for index in 0..<width {
        let normalised = (values[index].double - mean) * inverse
        let slope = slopes[index].double
        weightSums[index] += slope * normalised
        biasSums[index] += slope
        sum += slope * weight[index].double
        product += slope * weight[index].double * normalised
      }
      guard let target else { continue }
      let (sumMean, productMean) = (sum / Double(width), product / Double(width))
      for index in 0..<width {
        let normalised = (values[index].double - mean) * inverse
        let direct = slopes[index].double * weight[index].double
        target.write(row * width + index, (direct - sumMean - normalised * productMean) * inverse)
      }
    }
    if let target = call.parameterGradient(0) {
      for index in 0..<width { target.write(index, weightSums[index]) }
    }
    if let target = call.parameterGradient(1) {
      for index in 0..<width { target.write(index, biasSums[index]) }
    }
  }
}
