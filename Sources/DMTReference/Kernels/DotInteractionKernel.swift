import DMTCore

/// `dot_interaction`: the dot products x_i . x_j with i < j, in the order (0,1), (0,2), .., (1,2), ..; [B, F, D].
///
/// Backward: dx_i = sum over j of g_ij x_j.
struct DotInteractionKernel: ReferenceOperation {
  private let batch: Int
  private let features: Int
  private let width: Int
  private let pairs: Int

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1)
    try request.expect(input: 0, rank: 3)
    let shape = request.input(0)
    (batch, features, width) = (shape[0], shape[1], shape[2])
    pairs = features * max(features - 1, 0) / 2
    try request.expect(output: [batch, pairs])
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, output) = (try call.input(0), try call.output())
    for sample in 0..<batch {
      let vectors = Matrix(x + sample * features * width, columns: width)
      var pair = sample * pairs
      for first in 0..<features {
        for second in first + 1..<max(features, first + 1) {
          output[pair] = Scalar(vectors.dot(vectors.transposed, row: first, column: second, inner: width))
          pair += 1
        }
      }
    }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard let target = call.inputGradient(0) else { return }
    let (x, gradient) = (try call.input(0), try call.outputGradient())
    for sample in 0..<batch {
      let vectors = Matrix(x + sample * features * width, columns: width)
      let slopes = gradient + sample * pairs
      for feature in 0..<features {
        for column in 0..<width {
          var sum = 0.0
          for other in 0..<features where other != feature {
            sum += slopes[pair(min(feature, other), max(feature, other))].double * vectors[other, column]
          }
          target.write((sample * features + feature) * width + column, sum)
        }
      }
    }
  }

  /// The place of pair (`first`, `second`), first < second, in the output.
  private func pair(_ first: Int, _ second: Int) -> Int {
    first * (2 * features - first - 1) / 2 + second - first - 1
  }
}
