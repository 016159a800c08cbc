import DMTCore

/// `fm`: out = X (X^T Y); X [B, n, d], Y [n, k], out [B, n, k].
///
/// Backward, with P = X^T Y and Q = X^T G: dX = G P^T + Y Q^T, dY = sum over the samples of X Q.
struct FMKernel: ReferenceOperation {
  private let batch: Int
  private let count: Int
  private let width: Int
  private let k: Int

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1, parameters: 1)
    try request.expect(input: 0, rank: 3)
    let shape = request.input(0)
    (batch, count, width) = (shape[0], shape[1], shape[2])
    k = try request.attributes.int("k")
    guard k >= 1, k <= Int(Int32.max) else { throw request.attributeError("k", "at least one column") }
    try request.expect(parameter: 0, "y", [count, k])
    try request.expect(output: [batch, count, k])
    guard width * k < 1 << 48 else { throw request.attributeError("k", "a number of columns that fits memory") }
  }

  /// P [d, k], Q [d, k] of one sample; dY [n, k].
  var scratchCount: Int { (2 * width + count) * k }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, output, p) = (try call.input(0), try call.output(), try call.scratch())
    let y = Matrix(try call.parameter(0), columns: k)
    for sample in 0..<batch {
      let vectors = Matrix(x + sample * count * width, columns: width)
      product(vectors, y, into: p)
      let inner = Matrix(UnsafePointer(p), columns: k)
      vectors.multiply(inner, rows: count, inner: width, columns: k) { row, column, value in
        output[(sample * count + row) * k + column] = Scalar(value)
      }
    }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, gradient, p) = (try call.input(0), try call.outputGradient(), try call.scratch())
    let (q, dy) = (p + width * k, p + 2 * width * k)
    let y = Matrix(try call.parameter(0), columns: k)
    let target = call.inputGradient(0)
    dy.update(repeating: 0, count: count * k)
    let (inner, slopesInner) = (Matrix(UnsafePointer(p), columns: k), Matrix(UnsafePointer(q), columns: k))
    for sample in 0..<batch {
      let vectors = Matrix(x + sample * count * width, columns: width)
      let slopes = Matrix(gradient + sample * count * k, columns: k)
      product(vectors, y, into: p)
      product(vectors, slopes, into: q)
      vectors.multiply(slopesInner, rows: count, inner: width, columns: k) { row, column, value in
        dy[row * k + column] += value
      }
      guard let target else { continue }
      slopes.multiply(inner.transposed, rows: count, inner: k, columns: width) { row, column, value in
        let other = y.dot(slopesInner.transposed, row: row, column: column, inner: k)
        target.write((sample * count + row) * width + column, value + other)
      }
    }
    if let target = call.parameterGradient(0) {
      for index in 0..<count * k { target.write(index, dy[index]) }
    }
  }

  /// X^T other, [d, k].
  private func product<Scalar>(
    _ vectors: Matrix<Scalar>, _ other: Matrix<Scalar>, into result: UnsafeMutablePointer<Double>
  ) {
    vectors.transposed.multiply(other, rows: width, inner: count, columns: k) { row, column, value in
      result[row * k + column] = value
    }
  }
}
