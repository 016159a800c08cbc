import DMTCore

/// `add`, `sub`, `mul` of two tensors, repeated to a common shape after NumPy's rules.
///
/// The gradient of a repeated element is the sum over its repetitions.
struct BroadcastKernel: ReferenceOperation {
  private enum Formula: String {
    case add
    case sub
    case mul
  }

  private let formula: Formula
  private let count: Int
  private let counts: (a: Int, b: Int)
  private let views: (a: StridedView, b: StridedView)

  init(_ request: CheckedRequest) throws(DMTError) {
    guard let formula = Formula(rawValue: request.op) else {
      throw DMTError(.internalError, "operator \(request.op) is not one of add, sub, mul")
    }
    self.formula = formula
    try request.expect(inputs: 2)
    let (a, b) = (request.input(0), request.input(1))
    guard let dims = Self.broadcast(a.dims, b.dims) else {
      throw request.shapeError(input: 1, "extents that are equal to those of \(a) or 1, from the last axis on")
    }
    try request.expect(output: Shape(dims))
    count = CheckedRequest.count(Shape(dims))
    counts = (CheckedRequest.count(a), CheckedRequest.count(b))
    views = (.broadcast(a.dims, to: dims), .broadcast(b.dims, to: dims))
  }

  /// The common extents, or nil when there are none.
  private static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    var dims: [Int] = []
    for axis in 0..<rank {
      let left = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
      let right = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
      guard left == right || left == 1 || right == 1 else { return nil }
      dims.append(left == 1 ? right : left)
    }
    return dims
  }

  /// One sum for every element of the larger input.
  var scratchCount: Int { max(counts.a, counts.b) }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (a, b, output) = (try call.input(0), try call.input(1), try call.output())
    for position in 0..<count {
      let left = a[views.a.element(at: position)].double
      let right = b[views.b.element(at: position)].double
      switch formula {
      case .add: output[position] = Scalar(left + right)
      case .sub: output[position] = Scalar(left - right)
      case .mul: output[position] = Scalar(left * right)
      }
    }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let gradient = try call.outputGradient()
    let sums = try call.scratch()
    if let target = call.inputGradient(0) {
      let other = formula == .mul ? try call.input(1) : nil
      sum(gradient, over: views.a, times: other, at: views.b, into: sums, count: counts.a)
      for index in 0..<counts.a { target.write(index, sums[index]) }
    }
    if let target = call.inputGradient(1) {
      let other = formula == .mul ? try call.input(0) : nil
      sum(gradient, over: views.b, times: other, at: views.a, into: sums, count: counts.b)
      let sign: Double = formula == .sub ? -1 : 1
      for index in 0..<counts.b { target.write(index, sign * sums[index]) }
    }
  }

  private func sum<Scalar: ReferenceScalar>(
    _ gradient: UnsafePointer<Scalar>, over view: StridedView, times other: UnsafePointer<Scalar>?,
    at otherView: StridedView, into sums: UnsafeMutablePointer<Double>, count sumCount: Int
  ) {
    sums.update(repeating: 0, count: sumCount)
    for position in 0..<count {
      let factor = other.map { $0[otherView.element(at: position)].double } ?? 1
      sums[view.element(at: position)] += gradient[position].double * factor
    }
  }
}
