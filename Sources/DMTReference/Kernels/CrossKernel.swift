import DMTCore

/// `cross`: out = x0 u + x with u = weight x + bias, or with rank r: u = w (v x) + bias; [B, N].
///
/// Backward, with du = g x0: dx0 = g u, dx = g + weight^T du, dweight = du^T x, dbias = sum of du; with rank r,
/// t = v x and dt = du w: dx = g + dt v, dw = du^T t, dv = dt^T x.
struct CrossKernel: ReferenceOperation {
  private let batch: Int
  private let width: Int
  private let rank: Int
  private let isTraining: Bool

  init(_ request: CheckedRequest) throws(DMTError) {
    rank = try request.attributes.int("rank", default: 0)
    guard rank >= 0, rank <= Int(Int32.max) else { throw request.attributeError("rank", "a rank of at least 0") }
    try request.expect(inputs: 2, parameters: rank == 0 ? 2 : 3)
    try request.expect(input: 0, rank: 2)
    let shape = request.input(0)
    guard request.input(1) == shape else { throw request.shapeError(input: 1, "\(shape), as x0") }
    (batch, width) = (shape[0], shape[1])
    isTraining = request.isTraining
    if rank == 0 {
      try request.expect(parameter: 0, "weight", [width, width])
      try request.expect(parameter: 1, "bias", [width])
    } else {
      try request.expect(parameter: 0, "v", [rank, width])
      try request.expect(parameter: 1, "w", [width, rank])
      try request.expect(parameter: 2, "bias", [width])
      guard batch * rank < 1 << 48 else { throw request.attributeError("rank", "a rank that fits memory") }
    }
    try request.expect(output: shape)
  }

  /// u [B, N], t [B, r].
  var savedCount: Int { isTraining ? batch * (width + rank) : 0 }
  /// du [B, N], dt [B, r]; forward without saved memory keeps t here.
  var scratchCount: Int { batch * (width + rank) }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x0, x, output) = (try call.input(0), try call.input(1), try call.output())
    let u = isTraining ? try call.saved() : try call.scratch()
    let inputs = Matrix(x, columns: width)
    let bias = try call.parameter(rank == 0 ? 1 : 2)
    if rank == 0 {
      let weight = Matrix(try call.parameter(0), columns: width)
      inputs.multiply(weight.transposed, rows: batch, inner: width, columns: width) { row, column, value in
        u[row * width + column] = value
      }
    } else {
      let t = u + batch * width
      let (v, w) = (Matrix(try call.parameter(0), columns: width), Matrix(try call.parameter(1), columns: rank))
      inputs.multiply(v.transposed, rows: batch, inner: width, columns: rank) { row, column, value in
        t[row * rank + column] = value
      }
      let low = Matrix(UnsafePointer(t), columns: rank)
      low.multiply(w.transposed, rows: batch, inner: rank, columns: width) { row, column, value in
        u[row * width + column] = value
      }
    }
    for row in 0..<batch {
      for column in 0..<width {
        let index = row * width + column
        u[index] += bias[column].double
        output[index] = Scalar(x0[index].double * u[index] + x[index].double)
      }
    }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (gradient, x0) = (try call.outputGradient(), try call.input(0))
    let (u, du) = (try call.saved(), try call.scratch())
    for index in 0..<batch * width { du[index] = gradient[index].double * x0[index].double }
    if let target = call.inputGradient(0) {
      for index in 0..<batch * width { target.write(index, gradient[index].double * u[index]) }
    }
    let slopes = Matrix(UnsafePointer(du), columns: width)
    if rank == 0 {
      try fullBackward(call, gradient, slopes)
    } else {
      try lowRankBackward(call, gradient, slopes, t: u + batch * width, dt: du + batch * width)
    }
    if let target = call.parameterGradient(rank == 0 ? 1 : 2) {
      for column in 0..<width {
        var sum = 0.0
        for row in 0..<batch { sum += slopes[row, column] }
        target.write(column, sum)
      }
    }
  }

  private func fullBackward<Scalar: ReferenceScalar>(
    _ call: Arguments<Scalar>, _ gradient: UnsafePointer<Scalar>, _ slopes: Matrix<Double>
  ) throws(DMTError) {
    let (x, weight) = (Matrix(try call.input(1), columns: width), Matrix(try call.parameter(0), columns: width))
    if let target = call.inputGradient(1) {
      slopes.multiply(weight, rows: batch, inner: width, columns: width) { row, column, value in
        target.write(row * width + column, gradient[row * width + column].double + value)
      }
    }
    if let target = call.parameterGradient(0) {
      slopes.transposed.multiply(x, rows: width, inner: batch, columns: width) { row, column, value in
        target.write(row * width + column, value)
      }
    }
  }

  private func lowRankBackward<Scalar: ReferenceScalar>(
    _ call: Arguments<Scalar>, _ gradient: UnsafePointer<Scalar>, _ slopes: Matrix<Double>,
    t: UnsafeMutablePointer<Double>, dt: UnsafeMutablePointer<Double>
  ) throws(DMTError) {
    let x = Matrix(try call.input(1), columns: width)
    let (v, w) = (Matrix(try call.parameter(0), columns: width), Matrix(try call.parameter(1), columns: rank))
    slopes.multiply(w, rows: batch, inner: width, columns: rank) { row, column, value in
      dt[row * rank + column] = value
    }
    let lowSlopes = Matrix(UnsafePointer(dt), columns: rank)
    if let target = call.inputGradient(1) {
      lowSlopes.multiply(v, rows: batch, inner: rank, columns: width) { row, column, value in
        target.write(row * width + column, gradient[row * width + column].double + value)
      }
    }
    if let target = call.parameterGradient(0) {
      lowSlopes.transposed.multiply(x, rows: rank, inner: batch, columns: width) { row, column, value in
        target.write(row * width + column, value)
      }
    }
    if let target = call.parameterGradient(1) {
      let low = Matrix(UnsafePointer(t), columns: rank)
      slopes.transposed.multiply(low, rows: width, inner: batch, columns: rank) { row, column, value in
        target.write(row * rank + column, value)
      }
    }
  }
}
