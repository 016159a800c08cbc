import DMTCore

/// `reduce_sum`, `reduce_mean` over the axes `axis`; the mean of nothing is 0.
struct ReduceKernel: ReferenceOperation {
  /// Input position -> output element.
  private let view: StridedView
  private let count: Int
  private let outputCount: Int
  private let factor: Double

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1)
    let shape = request.input(0)
    var axes: Set<Int> = []
    for axis in try request.attributes.ints("axis") { axes.insert(try request.axis(axis, rank: shape.rank)) }
    guard !axes.isEmpty else { throw request.attributeError("axis", "at least one axis") }
    let kept = shape.dims.indices.map { axes.contains($0) ? 1 : shape[$0] }
    let keepsAxes = try request.attributes.bool("keepdims", default: false)
    let dims = keepsAxes ? kept : kept.indices.compactMap { axes.contains($0) ? nil : kept[$0] }
    try request.expect(output: Shape(dims))
    view = .broadcast(kept, to: shape.dims)
    count = CheckedRequest.count(shape)
    outputCount = CheckedRequest.count(Shape(dims))
    let reduced = axes.reduce(1) { $0 * shape[$1] }
    factor = request.op == "reduce_mean" ? 1 / Double(max(reduced, 1)) : 1
  }

  /// The sums.
  var scratchCount: Int { outputCount }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, output, sums) = (try call.input(0), try call.output(), try call.scratch())
    sums.update(repeating: 0, count: outputCount)
    for position in 0..<count { sums[view.element(at: position)] += x[position].double }
    for index in 0..<outputCount { output[index] = Scalar(factor * sums[index]) }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard let target = call.inputGradient(0) else { return }
    let gradient = try call.outputGradient()
    for position in 0..<count { target.write(position, factor * gradient[view.element(at: position)].double) }
  }
}
