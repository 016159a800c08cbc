internal import CDNNL
internal import DMTPluginKit

/// Forward and backward of an activation on `count` neighbouring elements, one prepared call a worker.
struct ActivationCalls {
  private let activation: Activation
  private let count: Int
  private let forwardCalls: [PreparedCall]
  private let backwardCalls: [PreparedCall]

  init(_ activation: Activation, count: Int, backward: Bool, for kernel: PrimitiveKernel) throws(DMTError) {
    self.activation = activation
    self.count = count
    let layout = try Layout.rowMajor([count])
    var operation = dnnl_eltwise_desc_t()
    try Library.check(
      withUnsafePointer(to: layout) {
        dnnl_eltwise_forward_desc_init(
          &operation, backward ? dnnl_forward_training : dnnl_forward_inference, activation.forwardAlgorithm, $0, 0, 0)
      }, "the description of \(activation.rawValue)")
    let forward = try Primitive(operation, what: activation.rawValue)
    forwardCalls = try kernel.prepare(forward, [(DNNL_ARG_SRC_0, layout), (DNNL_ARG_DST_0, layout)])
    guard backward else {
      backwardCalls = []
      return
    }
    // The hint of a backward that reads the output is a forward of the same algorithm.
    var hintOperation = dnnl_eltwise_desc_t()
    var backwardOperation = dnnl_eltwise_desc_t()
    try Library.check(
      withUnsafePointer(to: layout) {
        dnnl_eltwise_forward_desc_init(
          &hintOperation, dnnl_forward_training, activation.backwardAlgorithm, $0, 0, 0)
      }, "the description of \(activation.rawValue)")
    try Library.check(
      withUnsafePointer(to: layout) {
        dnnl_eltwise_backward_desc_init(&backwardOperation, activation.backwardAlgorithm, $0, $0, 0, 0)
      }, "the description of \(activation.rawValue) backward")
    let hint = try Primitive(hintOperation, what: activation.rawValue)
    let primitive = try Primitive(backwardOperation, forward: hint, what: "\(activation.rawValue) backward")
    backwardCalls = try kernel.prepare(
      primitive,
      [
        (activation.backwardReadsInput ? DNNL_ARG_SRC_0 : DNNL_ARG_DST_0, layout), (DNNL_ARG_DIFF_DST_0, layout),
        (DNNL_ARG_DIFF_SRC_0, layout),
      ])
  }

  func forward(
    _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, worker: Int, scratch: UnsafeMutableRawPointer?
  ) -> dnnl_status_t {
    if activation == .relu {
      // oneDNN's turns NaN into 0, and a loss that went wrong would look well.
      VectorLoops.rectify(x, to: y, count: count)
      return dnnl_success
    }
    let call = forwardCalls[worker]
    call.bind(0, x)
    call.bind(1, y)
    return call.execute(scratch: scratch)
  }

  /// - Parameter kept: the input or the output, whichever ``Activation/backwardReadsInput`` asks for.
  func backward(
    kept: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, to inputGradient: UnsafeMutablePointer<Float>,
    worker: Int, scratch: UnsafeMutableRawPointer?
  ) -> dnnl_status_t {
    let call = backwardCalls[worker]
    call.bind(0, kept)
    call.bind(1, outputGradient)
    call.bind(2, inputGradient)
    return call.execute(scratch: scratch)
  }
}
