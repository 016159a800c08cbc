import DMTCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `bce_with_logits`: the mean of max(z, 0) - z y + log(1 + exp(-|z|)); [B], [B] -> scalar; 0 for an empty batch.
///
/// Backward: dz = g (sigmoid(z) - y) / B. Labels have no gradient.
struct BCEWithLogitsKernel: ReferenceOperation {
  private let count: Int

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 2)
    try request.expect(input: 0, rank: 1)
    guard request.input(1) == request.input(0) else {
      throw request.shapeError(input: 1, "\(request.input(0)), as the logits")
    }
    count = request.input(0)[0]
    try request.expect(output: [])
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (logits, labels, output) = (try call.input(0), try call.input(1), try call.output())
    var sum = 0.0
    for index in 0..<count {
      let (z, y) = (logits[index].double, labels[index].double)
      // Of the two equal forms the one without cancellation: a confident right answer loses 1e-9, not 0.
      sum += z > 0 ? z * (1 - y) + log1p(exp(-z)) : -z * y + log1p(exp(z))
    }
    output[0] = Scalar(count == 0 ? 0 : sum / Double(count))
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard call.inputGradient(1) == nil else {
      throw DMTError(.unsupported, "operator bce_with_logits has no gradient of its labels")
    }
    guard let target = call.inputGradient(0) else { return }
    let (logits, labels) = (try call.input(0), try call.input(1))
    let slope = try call.outputGradient()[0].double / Double(max(count, 1))
    for index in 0..<count {
      target.write(index, slope * (Activation.sigmoid(logits[index].double) - labels[index].double))
    }
  }
}
