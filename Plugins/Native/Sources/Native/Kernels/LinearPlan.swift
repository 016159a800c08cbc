internal import CDMTPlugin

/// `linear`: activation(x W^T + bias); the weight is packed once for every version of the parameters.
final class LinearPlan: KernelPlan {
  private let rows: Int
  private let width: Int
  private let out: Int
  private let hasBias: Bool
  private let activation: Activation
  private let isTraining: Bool
  private let product: Gemm
  private let inputGradient: Gemm
  private let weightGradient: Gemm
  private var weights = PackedWeights()

  init(checking request: Request) throws(Failure) {
    hasBias = request.attributes.bool("bias", default: true)
    try request.expect(inputs: 1, parameters: hasBias ? 2 : 1)
    let x = request.inputs[0]
    guard x.count >= 1, let width = x.last else { throw .invalid("linear: the input is a scalar, expected [.., in]") }
    out = request.attributes.int("out", default: request.parameters[0].first ?? 0)
    try request.expect(request.parameters[0], [out, width], "the weight")
    if hasBias { try request.expect(request.parameters[1], [out], "the bias") }
    try request.expect(request.outputs[0], Array(x.dropLast()) + [out], "the output")
    let name = request.attributes.string("activation", default: "none")
    guard let activation = Activation(name: name) else { throw .unserved("linear: unknown activation '\(name)'") }
    self.activation = activation
    self.width = width
    rows = Array(x.dropLast()).elements
    isTraining = request.isTraining
    let threads = request.parallel.threads
    product = Gemm(rows: rows, columns: out, depth: width, threads: threads)
    inputGradient = Gemm(rows: rows, columns: width, depth: out, threads: threads)
    weightGradient = Gemm(rows: out, columns: width, depth: rows, threads: threads)
    super.init(request)
  }

  deinit { weights.release() }

  override var backwardReadsInputs: UInt64 { 1 }
  override var backwardReadsOutputs: UInt64 {
    switch activation {
    case .relu, .sigmoid, .tanh: 1
    case .none, .gelu: 0
    }
  }
  /// gelu alone keeps its input: its gradient cannot be had from its output.
  override var savedFloats: Int { isTraining && activation == .gelu ? rows * out : 0 }
  override var scratchFloats: Int {
    let workers = parallel.workers
    if !isTraining { return product.workerFloats * workers }
    let before = activation == .none ? 0 : wholeLines(rows * out)
    return max(
      product.workerFloats * workers, before + inputGradient.scratchFloats(workers),
      before + weightGradient.scratchFloats(workers))
  }

  override func allocate() { weights = PackedWeights(floats: product.packedFloats) }

  override func forward(_ call: KernelCall) {
    if rows == 0 { return }
    let packed = weights.current(call) {
      product.pack(.rows(call.parameter(0), stride: width), to: $0, parallel)
    }
    product.multiply(
      .rows(call.input(0), stride: width), packed, to: call.output(), stride: out,
      epilogue: Epilogue(
        bias: hasBias ? call.parameter(1) : nil, activation: activation,
        preactivation: savedFloats > 0 ? call.saved : nil),
      scratch: call.scratch, parallel)
  }

  override func backward(_ call: KernelCall) {
    var gradient = call.gradOutput()
    var scratch = call.scratch
    let biasGradient = hasBias ? call.gradParameter(1) : nil
    if activation != .none {
      ColumnSums.run(
        rows: rows, columns: out, gradient: gradient, activation: activation,
        kept: activation == .gelu ? UnsafePointer(call.saved) : UnsafePointer(call.output()), before: scratch,
        sums: biasGradient, adds: call.addsToParameter(1), parallel)
      gradient = UnsafePointer(scratch)
      scratch += wholeLines(rows * out)
    } else if biasGradient != nil {
      ColumnSums.run(
        rows: rows, columns: out, gradient: gradient, sums: biasGradient, adds: call.addsToParameter(1), parallel)
    }
    if let gradWeight = call.gradParameter(0) {
      weightGradient.multiply(
        .columns(gradient, stride: out), .columns(call.input(0), stride: width), to: gradWeight, stride: width,
        accumulate: call.addsToParameter(0), scratch: scratch, parallel)
    }
    if let gradInput = call.gradInput(0), rows > 0 {
      inputGradient.multiply(
        .rows(gradient, stride: out), .columns(call.parameter(0), stride: width), to: gradInput, stride: width,
        accumulate: call.addsToInput(0), scratch: scratch, parallel)
    }
  }
}
