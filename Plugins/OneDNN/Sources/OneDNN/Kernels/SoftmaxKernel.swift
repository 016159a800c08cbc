internal import CDNNL
internal import DMTPluginKit
internal import Glibc

/// `softmax` on one axis: the tensor is seen as [outer, axis, inner] and cut along outer.
final class SoftmaxKernel: PrimitiveKernel {
  private let split: Split
  private let rowSize: Int
  private let inner: Int
  private var forwardCalls: [[PreparedCall]] = []
  private var backwardCalls: [[PreparedCall]] = []
  private var x: UnsafePointer<Float>?
  private var y: UnsafeMutablePointer<Float>?
  private var gradient: UnsafePointer<Float>?
  private var target: UnsafeMutablePointer<Float>?
  private var adds = false
  private var stagingOffset = 0

  init(request: KernelRequest) throws(DMTError) {
    let dims = request.inputs[0].dims
    let given = try request.attributes.int("axis", default: -1)
    let axis = given < 0 ? given + dims.count : given
    guard dims.indices.contains(axis) else {
      throw DMTError(.shapeMismatch, "operator softmax: axis \(given) of a tensor with \(dims.count) axes")
    }
    let outer = dims[..<axis].reduce(1, *)
    let inner = dims[(axis + 1)...].reduce(1, *)
    rowSize = dims[axis] * inner
    self.inner = inner
    let threads = HostThreads(requested: request.threads)
    split = Split(rowSize == 0 ? 0 : outer, threads: threads.count, cost: Double(rowSize) * 2)
    super.init(threads: threads)
    for length in split.lengths {
      let layout = try Layout.rowMajor(inner == 1 ? [length, dims[axis]] : [length, dims[axis], inner])
      var operation = dnnl_softmax_v2_desc_t()
      try Library.check(
        withUnsafePointer(to: layout) {
          dnnl_softmax_v2_forward_desc_init(
            &operation, request.isTraining ? dnnl_forward_training : dnnl_forward_inference, dnnl_softmax_accurate, $0,
            $0,
            1)
        }, "the description of softmax")
      let forward = try Primitive(operation, what: "softmax")
      forwardCalls.append(try prepare(forward, [(DNNL_ARG_SRC_0, layout), (DNNL_ARG_DST_0, layout)]))
      guard request.isTraining else { continue }
      var backwardOperation = dnnl_softmax_v2_desc_t()
      try Library.check(
        withUnsafePointer(to: layout) {
          dnnl_softmax_v2_backward_desc_init(&backwardOperation, dnnl_softmax_accurate, $0, $0, $0, 1)
        }, "the description of softmax backward")
      let backward = try Primitive(backwardOperation, forward: forward, what: "softmax backward")
      backwardCalls.append(
        try prepare(
          backward, [(DNNL_ARG_DST_0, layout), (DNNL_ARG_DIFF_DST_0, layout), (DNNL_ARG_DIFF_SRC_0, layout)]))
    }
    if request.isTraining {
      stagingOffset = workerScratchBytes
      reserveWorkerScratch(stagingOffset + split.piece * rowSize * MemoryLayout<Float>.stride)
    }
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    x = try self.call.input(0)
    y = try self.call.output(0)
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    guard let inputGradient = self.call.inputGradient(0) else { return }
    target = inputGradient
    adds = self.call.addsToInputGradient(0)
    y = try self.call.output(0)
    gradient = try self.call.outputGradient(0)
    try perform(.inputs, pieces: split.count)
  }

  override func run(_ pass: Pass, piece: Int, worker: Int, scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    let (offset, kind) = (split.start(piece) * rowSize, split.kind(piece))
    if pass == .forward {
      guard let x, let y else { return dnnl_invalid_arguments }
      let call = forwardCalls[kind][worker]
      call.bind(0, x + offset)
      call.bind(1, y + offset)
      let status = call.execute(scratch: scratch)
      // oneDNN's turns NaN and infinity into 0, and a loss that went wrong would look well.
      let count = split.length(piece) * rowSize
      if !VectorLoops.areFinite(x + offset, count: count) { spread(x + offset, to: y + offset, count: count) }
      return status
    }
    guard let y, let gradient, let target else { return dnnl_invalid_arguments }
    let call = backwardCalls[kind][worker]
    call.bind(0, y + offset)
    call.bind(1, gradient + offset)
    if !adds {
      call.bind(2, target + offset)
      return call.execute(scratch: scratch)
    }
    guard let scratch else { return dnnl_invalid_arguments }
    let staging = (scratch + stagingOffset).assumingMemoryBound(to: Float.self)
    call.bind(2, staging)
    let status = call.execute(scratch: scratch)
    VectorLoops.store(staging, to: target + offset, count: split.length(piece) * rowSize, adding: true)
    return status
  }

  /// The same by the formula, NaN and infinities included.
  private func spread(_ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int) {
    for row in stride(from: 0, to: count, by: rowSize) {
      for column in row..<row + inner {
        let places = stride(from: column, to: row + rowSize, by: inner)
        var largest = -Float.infinity
        for place in places { largest = x[place].isNaN ? .nan : Swift.max(largest, x[place]) }
        var sum: Float = 0
        for place in places { sum += expf(x[place] - largest) }
        for place in places { y[place] = expf(x[place] - largest) / sum }
      }
    }
  }
}
