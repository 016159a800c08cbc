internal import CDNNL
internal import DMTPluginKit

/// `layer_norm` on the last axis; forward saves mean and variance of every row.
final class LayerNormKernel: PrimitiveKernel {
  private let split: Split
  private let (rows, width): (Int, Int)
  private let savesStatistics: Bool
  private var forwardCalls: [[PreparedCall]] = []
  private var backwardCalls: [[PreparedCall]] = []
  private var x: UnsafePointer<Float>?
  private var y: UnsafeMutablePointer<Float>?
  private var weight: UnsafePointer<Float>?
  private var bias: UnsafePointer<Float>?
  private var statistics: UnsafeMutablePointer<Float>?
  private var gradient: UnsafePointer<Float>?
  /// Where a row's input gradient is made when it is added afterwards, or not wanted.
  private var stagingOffset = 0

  init(request: KernelRequest) throws(DMTError) {
    width = request.inputs[0].dims.last ?? 1
    rows = request.inputs[0].dims.dropLast().reduce(1, *)
    savesStatistics = request.isTraining
    let threads = HostThreads(requested: request.threads)
    split = Split(width == 0 ? 0 : rows, threads: threads.count, cost: Double(width) * 2)
    super.init(threads: threads)

    let epsilon = Float(try request.attributes.double("eps", default: 1e-5))
    let flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue
    let channel = try Layout.rowMajor([width])
    for length in split.lengths {
      let data = try Layout.rowMajor([length, width])
      let statistic = try Layout.rowMajor([length])
      var operation = dnnl_layer_normalization_desc_t()
      try Library.check(
        withUnsafePointer(to: data) { data in
          withUnsafePointer(to: statistic) {
            dnnl_layer_normalization_forward_desc_init(
              &operation, savesStatistics ? dnnl_forward_training : dnnl_forward_inference, data, $0, epsilon,
              UInt32(flags))
          }
        }, "the description of layer_norm")
      let forward = try Primitive(operation, what: "layer_norm")
      var arguments: [(number: Int32, layout: dnnl_memory_desc_t)] = [
        (DNNL_ARG_SRC_0, data), (DNNL_ARG_SCALE, channel), (DNNL_ARG_SHIFT, channel), (DNNL_ARG_DST_0, data),
      ]
      if savesStatistics { arguments += [(DNNL_ARG_MEAN, statistic), (DNNL_ARG_VARIANCE, statistic)] }
      forwardCalls.append(try prepare(forward, arguments))
      guard request.isTraining else { continue }
      var backwardOperation = dnnl_layer_normalization_desc_t()
      try Library.check(
        withUnsafePointer(to: data) { data in
          withUnsafePointer(to: statistic) {
            dnnl_layer_normalization_backward_desc_init(
              &backwardOperation, dnnl_backward, data, data, $0, epsilon, UInt32(flags))
          }
        }, "the description of layer_norm backward")
      let backward = try Primitive(backwardOperation, forward: forward, what: "layer_norm backward")
      backwardCalls.append(
        try prepare(
          backward,
          [
            (DNNL_ARG_SRC_0, data), (DNNL_ARG_SCALE, channel), (DNNL_ARG_MEAN, statistic),
            (DNNL_ARG_VARIANCE, statistic), (DNNL_ARG_DIFF_DST_0, data), (DNNL_ARG_DIFF_SRC_0, data),
            (DNNL_ARG_DIFF_SCALE, channel), (DNNL_ARG_DIFF_SHIFT, channel), (DNNL_ARG_SHIFT, channel),
          ]))
    }
    if request.isTraining {
      savedBytes = 2 * rows * MemoryLayout<Float>.stride
      // Each piece has its own sums over its rows; they are added in order, so that threads do not change the result.
      sharedScratchBytes = (split.count * 2 * width * MemoryLayout<Float>.stride).roundedUp(to: 64)
      stagingOffset = workerScratchBytes
      reserveWorkerScratch(stagingOffset + split.piece * width * MemoryLayout<Float>.stride)
    }
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    x = try self.call.input(0)
    y = try self.call.output(0)
    weight = try self.call.parameter(0)
    bias = try self.call.parameter(1)
    if savesStatistics { statistics = try self.call.requiredSaved() }
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    self.call = CallPointers(call)
    if split.count > 0 {
      x = try self.call.input(0)
      weight = try self.call.parameter(0)
      gradient = try self.call.outputGradient(0)
      statistics = try self.call.requiredSaved()
      try perform(.inputs, pieces: split.count)
    }
    for index in 0..<2 {
      guard let target = self.call.parameterGradient(index) else { continue }
      let adds = self.call.addsToParameterGradient(index)
      if split.count == 0 {
        if !adds { target.update(repeating: 0, count: width) }
        continue
      }
      guard let sums = self.call.scratch?.assumingMemoryBound(to: Float.self) else { continue }
      for piece in 0..<split.count {
        VectorLoops.store(
          sums + (piece * 2 + index) * width, to: target, count: width, adding: adds || piece > 0)
      }
    }
  }

  override func run(_ pass: Pass, piece: Int, worker: Int, scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    guard let x, let weight else { return dnnl_invalid_arguments }
    let (row, kind) = (split.start(piece), split.kind(piece))
    let offset = row * width
    if pass == .forward {
      guard let y, let bias else { return dnnl_invalid_arguments }
      let call = forwardCalls[kind][worker]
      call.bind(0, x + offset)
      call.bind(1, weight)
      call.bind(2, bias)
      call.bind(3, y + offset)
      if savesStatistics {
        guard let statistics else { return dnnl_invalid_arguments }
        call.bind(4, statistics + row)
        call.bind(5, statistics + rows + row)
      }
      return call.execute(scratch: scratch)
    }
    guard let gradient, let statistics, let scratch, let shared = call.scratch else { return dnnl_invalid_arguments }
    let staging = (scratch + stagingOffset).assumingMemoryBound(to: Float.self)
    let sums = shared.assumingMemoryBound(to: Float.self) + piece * 2 * width
    let target = call.inputGradient(0)
    let adds = call.addsToInputGradient(0)
    let prepared = backwardCalls[kind][worker]
    prepared.bind(0, x + offset)
    prepared.bind(1, weight)
    prepared.bind(2, statistics + row)
    prepared.bind(3, statistics + rows + row)
    prepared.bind(4, gradient + offset)
    if let target, !adds { prepared.bind(5, target + offset) } else { prepared.bind(5, staging) }
    prepared.bind(6, sums)
    prepared.bind(7, sums + width)
    // The library wants the shift there; its gradients do not depend on it.
    prepared.bind(8, weight)
    let status = prepared.execute(scratch: scratch)
    if let target, adds {
      VectorLoops.store(staging, to: target + offset, count: split.length(piece) * width, adding: true)
    }
    return status
  }
}
