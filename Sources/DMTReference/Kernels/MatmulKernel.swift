import DMTCore

/// `matmul`: one product of matrices a sample; a [B, M, K] (or transposed), b [B, K, N] (or transposed), out [B, M, N].
///
/// Backward: da = g b^T, db = a^T g.
struct MatmulKernel: ReferenceOperation {
  private let batch: Int
  private let m: Int
  private let k: Int
  private let n: Int
  private let transposeA: Bool
  private let transposeB: Bool

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 2)
    try request.expect(input: 0, rank: 3)
    try request.expect(input: 1, rank: 3)
    transposeA = try request.attributes.bool("transpose_a", default: false)
    transposeB = try request.attributes.bool("transpose_b", default: false)
    let (a, b) = (request.input(0), request.input(1))
    batch = a[0]
    (m, k) = transposeA ? (a[2], a[1]) : (a[1], a[2])
    n = transposeB ? b[1] : b[2]
    guard b[0] == batch, (transposeB ? b[2] : b[1]) == k else {
      throw request.shapeError(input: 1, "a batch of \(batch) and an inner extent of \(k), to fit \(a)")
    }
    try request.expect(output: [batch, m, n])
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (a, b, output) = (try call.input(0), try call.input(1), try call.output())
    for sample in 0..<batch {
      left(a, sample).multiply(right(b, sample), rows: m, inner: k, columns: n) { row, column, value in
        output[(sample * m + row) * n + column] = Scalar(value)
      }
    }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let g = try call.outputGradient()
    if let target = call.inputGradient(0) {
      let b = try call.input(1)
      for sample in 0..<batch {
        let slope = Matrix(g + sample * m * n, columns: n)
        slope.multiply(right(b, sample).transposed, rows: m, inner: n, columns: k) { row, column, value in
          target.write(sample * m * k + (transposeA ? column * m + row : row * k + column), value)
        }
      }
    }
    if let target = call.inputGradient(1) {
      let a = try call.input(0)
      for sample in 0..<batch {
        let slope = Matrix(g + sample * m * n, columns: n)
        left(a, sample).transposed.multiply(slope, rows: k, inner: m, columns: n) { row, column, value in
          target.write(sample * k * n + (transposeB ? column * k + row : row * n + column), value)
        }
      }
    }
  }

  /// Sample `sample` of a, as [M, K].
  private func left<Scalar: ReferenceScalar>(_ a: UnsafePointer<Scalar>, _ sample: Int) -> Matrix<Scalar> {
    let base = a + sample * m * k
    return transposeA ? Matrix(base, columns: m).transposed : Matrix(base, columns: k)
  }

  /// Sample `sample` of b, as [K, N].
  private func right<Scalar: ReferenceScalar>(_ b: UnsafePointer<Scalar>, _ sample: Int) -> Matrix<Scalar> {
    let base = b + sample * k * n
    return transposeB ? Matrix(base, columns: k).transposed : Matrix(base, columns: n)
  }
}
