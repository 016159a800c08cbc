import DMTCore

/// Writes elements of one tensor in another order; the gradient goes back the same way.
private struct Move {
  /// Position in the walked tensor -> element of the other.
  let view: StridedView
  let count: Int

  /// to[position] = from[element].
  func gather<Scalar>(_ from: UnsafePointer<Scalar>, to: UnsafeMutablePointer<Scalar>) {
    for position in 0..<count { to[position] = from[view.element(at: position)] }
  }

  /// target[element] = gradient[position]; every element is met once.
  func scatter<Scalar>(_ gradient: UnsafePointer<Scalar>, to target: GradientTarget<Scalar>) {
    for position in 0..<count { target.write(view.element(at: position), gradient[position].double) }
  }
}

/// `concat`: the inputs one after the other along `axis`.
struct ConcatKernel: ReferenceOperation {
  /// Where each input lies in the output.
  private let parts: [Move]

  init(_ request: CheckedRequest) throws(DMTError) {
    let inputs = request.request.inputs
    guard !inputs.isEmpty else {
      throw DMTError(.shapeMismatch, "operator concat has no inputs, expected at least one")
    }
    try request.expect(inputs: inputs.count)
    var dims = inputs[0].dims
    let axis = try request.axis(try request.attributes.int("axis", default: 1), rank: dims.count)
    dims[axis] = 0
    for (index, shape) in inputs.enumerated() {
      var fitting = dims
      guard shape.rank == dims.count else { throw request.shapeError(input: index, "\(dims.count) extents") }
      fitting[axis] = shape[axis]
      guard shape.dims == fitting else { throw request.shapeError(input: index, "\(Shape(fitting))") }
      dims[axis] += shape[axis]
    }
    try request.expect(output: Shape(dims))
    let strides = StridedView.compactStrides(dims)
    var start = 0
    var parts: [Move] = []
    for shape in inputs {
      let view = StridedView(dims: shape.dims, strides: strides, start: start * strides[axis])
      parts.append(Move(view: view, count: CheckedRequest.count(shape)))
      start += shape[axis]
    }
    self.parts = parts
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let output = GradientTarget(base: try call.output(), accumulates: false)
    for (index, part) in parts.enumerated() { part.scatter(try call.input(index), to: output) }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let gradient = try call.outputGradient()
    for (index, part) in parts.enumerated() {
      guard let target = call.inputGradient(index) else { continue }
      for position in 0..<part.count {
        target.write(position, gradient[part.view.element(at: position)].double)
      }
    }
  }
}

/// `slice`: the part start ..< end of an axis; the gradient of the rest is zero.
struct SliceKernel: ReferenceOperation {
  private let move: Move
  private let inputCount: Int
  private let axisStride: Int
  private let axisExtent: Int
  private let range: Range<Int>

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1)
    var dims = request.input(0).dims
    let axis = try request.axis(try request.attributes.int("axis", default: 1), rank: dims.count)
    let start = try request.attributes.int("start", default: 0)
    let end = try request.attributes.int("end")
    guard start >= 0, start <= end, end <= dims[axis] else {
      throw request.attributeError(
        "end", "0 <= start <= end <= \(dims[axis]) with start \(start), to cut axis \(axis) of \(request.input(0))")
    }
    let strides = StridedView.compactStrides(dims)
    inputCount = CheckedRequest.count(request.input(0))
    axisStride = strides[axis]
    axisExtent = dims[axis]
    range = start..<end
    dims[axis] = end - start
    try request.expect(output: Shape(dims))
    move = Move(
      view: StridedView(dims: dims, strides: strides, start: start * axisStride),
      count: CheckedRequest.count(Shape(dims)))
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    move.gather(try call.input(0), to: try call.output())
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard let target = call.inputGradient(0) else { return }
    for index in 0..<inputCount where !range.contains(index / axisStride % axisExtent) { target.write(index, 0) }
    move.scatter(try call.outputGradient(), to: target)
  }
}

/// `reshape`: the same elements in another shape; -1 in `shape` stands for the batch.
struct ReshapeKernel: ReferenceOperation {
  private let count: Int

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1)
    let shape = request.input(0)
    var dims = try request.attributes.ints("shape")
    guard dims.filter({ $0 == -1 }).count <= 1, !dims.contains(where: { $0 < -1 }) else {
      throw request.attributeError("shape", "extents of which one at most is -1, the batch")
    }
    if let open = dims.firstIndex(of: -1) {
      guard let batch = shape.dims.first else { throw request.shapeError(input: 0, "[B, ..]") }
      dims[open] = batch
    }
    try request.expect(output: Shape(dims))
    count = CheckedRequest.count(shape)
    guard CheckedRequest.count(Shape(dims)) == count else {
      throw request.shapeError(input: 0, "as many elements as \(Shape(dims)) has")
    }
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, output) = (try call.input(0), try call.output())
    // The two may be the same memory.
    for index in 0..<count { output[index] = x[index] }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard let target = call.inputGradient(0) else { return }
    let gradient = try call.outputGradient()
    for index in 0..<count { target.write(index, gradient[index].double) }
  }
}

/// `transpose`: axis i of the result is axis perm[i] of x.
struct TransposeKernel: ReferenceOperation {
  private let move: Move

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1)
    let shape = request.input(0)
    let perm = try request.attributes.ints("perm")
    guard perm.sorted() == Array(0..<shape.rank) else {
      throw request.attributeError("perm", "every one of 0 ..< \(shape.rank) once")
    }
    let strides = StridedView.compactStrides(shape.dims)
    let dims = perm.map { shape[$0] }
    try request.expect(output: Shape(dims))
    move = Move(
      view: StridedView(dims: dims, strides: perm.map { strides[$0] }), count: CheckedRequest.count(shape))
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    move.gather(try call.input(0), to: try call.output())
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard let target = call.inputGradient(0) else { return }
    move.scatter(try call.outputGradient(), to: target)
  }
}
