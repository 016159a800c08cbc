/// `reduce_sum`, `reduce_mean` over one or more axes.
final class ReducePlan: KernelPlan {
  private let forwardLoop: StridedLoop
  private let backwardLoop: StridedLoop
  private let factor: Float

  init(checking request: Request, isMean: Bool) throws(Failure) {
    try request.expect(inputs: 1)
    let shape = request.inputs[0]
    var isReduced = Array(repeating: false, count: shape.count)
    for axis in request.attributes.ints("axis") ?? [] {
      isReduced[try request.axis(axis, rank: shape.count)] = true
    }
    let keeps = request.attributes.bool("keepdims", default: false)
    var reduced: [Int] = []
    var kept: [Int] = []
    for (axis, extent) in shape.enumerated() {
      kept.append(isReduced[axis] ? 1 : extent)
      if !isReduced[axis] || keeps { reduced.append(isReduced[axis] ? 1 : extent) }
    }
    try request.expect(request.outputs[0], reduced, "the output")
    let full = StridedLoop.strides(shape, broadcastTo: shape)
    let result = StridedLoop.strides(kept, broadcastTo: shape)
    forwardLoop = StridedLoop(extents: shape, result: result, a: full, b: full)
    backwardLoop = StridedLoop(extents: shape, result: full, a: result, b: full)
    let summands = zip(shape, isReduced).reduce(1) { $1.1 ? $0 * $1.0 : $0 }
    factor = isMean && summands > 0 ? 1 / Float(summands) : 1
    super.init(request)
  }

  override func forward(_ call: KernelCall) {
    forwardLoop.run(.scaled, factor: factor, to: call.output(), adds: false, call.input(0), call.input(0), parallel)
  }

  override func backward(_ call: KernelCall) {
    guard let result = call.gradInput(0) else { return }
    // b has the result's strides and is not read by .scaled.
    backwardLoop.run(
      .scaled, factor: factor, to: result, adds: call.addsToInput(0), call.gradOutput(), UnsafePointer(result),
      parallel)
  }
}
