/// `add`, `sub`, `mul` with NumPy's broadcasting; a repeated operand's gradient is summed where it was repeated.
final class BroadcastPlan: KernelPlan {
  enum Function {
    case sum, difference, product
  }

  private let function: Function
  private let forwardLoop: StridedLoop
  private let aLoop: StridedLoop
  private let bLoop: StridedLoop

  init(checking request: Request, _ function: Function) throws(Failure) {
    try request.expect(inputs: 2)
    let extents = request.outputs[0]
    for shape in request.inputs {
      let fits =
        shape.count <= extents.count
        && zip(shape.reversed(), extents.reversed()).allSatisfy { $0 == $1 || $0 == 1 }
      guard fits else { throw .invalid("\(request.op): \(shape) cannot be repeated to \(extents)") }
    }
    self.function = function
    let result = StridedLoop.strides(extents, broadcastTo: extents)
    let a = StridedLoop.strides(request.inputs[0], broadcastTo: extents)
    let b = StridedLoop.strides(request.inputs[1], broadcastTo: extents)
    forwardLoop = StridedLoop(extents: extents, result: result, a: a, b: b)
    aLoop = StridedLoop(extents: extents, result: a, a: result, b: function == .product ? b : result)
    bLoop = StridedLoop(extents: extents, result: b, a: result, b: function == .product ? a : result)
    super.init(request)
  }

  override var backwardReadsInputs: UInt64 { function == .product ? 3 : 0 }

  override func forward(_ call: KernelCall) {
    let value: StridedLoop.Value =
      switch function {
      case .sum: .sum
      case .difference: .difference
      case .product: .product
      }
    forwardLoop.run(value, to: call.output(), adds: false, call.input(0), call.input(1), parallel)
  }

  override func backward(_ call: KernelCall) {
    let gradient = call.gradOutput()
    let isProduct = function == .product
    if let a = call.gradInput(0) {
      aLoop.run(
        isProduct ? .product : .first, to: a, adds: call.addsToInput(0), gradient,
        isProduct ? call.input(1) : gradient, parallel)
    }
    if let b = call.gradInput(1) {
      let value: StridedLoop.Value =
        switch function {
        case .sum: .first
        case .difference: .negative
        case .product: .product
        }
      bLoop.run(value, to: b, adds: call.addsToInput(1), gradient, isProduct ? call.input(0) : gradient, parallel)
    }
  }
}
