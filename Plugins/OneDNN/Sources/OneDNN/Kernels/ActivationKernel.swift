internal import CDNNL
internal import DMTPluginKit

/// `relu`, `sigmoid`, `tanh`, `gelu`.
final class ActivationKernel: PrimitiveKernel {
  private let activation: Activation
  private let split: Split
  private var calls: [ActivationCalls] = []
  private var source: UnsafePointer<Float>?
  private var gradient: UnsafePointer<Float>?
  private var target: UnsafeMutablePointer<Float>?
  private var adds = false
  /// Behind the primitive's own scratch of a worker: a gradient on its way to being added.
  private var stagingOffset = 0

  init(_ activation: Activation, request: KernelRequest) throws(DMTError) {
    self.activation = activation
    let threads = HostThreads(requested: request.threads)
    split = Split(
      request.inputs[0].elementsPerSample, threads: threads.count, cost: 1, minimum: 16_384, alignment: 64)
    super.init(threads: threads)
    for length in split.lengths {
      calls.append(try ActivationCalls(activation, count: length, backward: request.isTraining, for: self))
    }
    if request.isTraining {
      stagingOffset = workerScratchBytes
      reserveWorkerScratch(stagingOffset + split.piece * MemoryLayout<Float>.stride)
    }
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    source = try self.call.input(0)
    target = try self.call.output(0)
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    guard let inputGradient = self.call.inputGradient(0) else { return }
    target = inputGradient
    adds = self.call.addsToInputGradient(0)
    if activation.backwardReadsInput {
      source = try self.call.input(0)
    } else {
      source = UnsafePointer(try self.call.output(0))
    }
    gradient = try self.call.outputGradient(0)
    try perform(.inputs, pieces: split.count)
  }

  override func run(_ pass: Pass, piece: Int, worker: Int, scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    guard let source, let target else { return dnnl_invalid_arguments }
    let offset = split.start(piece)
    let calls = self.calls[split.kind(piece)]
    if pass == .forward {
      return calls.forward(source + offset, to: target + offset, worker: worker, scratch: scratch)
    }
    guard let gradient else { return dnnl_invalid_arguments }
    if !adds {
      return calls.backward(
        kept: source + offset, outputGradient: gradient + offset, to: target + offset, worker: worker, scratch: scratch)
    }
    guard let scratch else { return dnnl_invalid_arguments }
    let staging = (scratch + stagingOffset).assumingMemoryBound(to: Float.self)
    let status = calls.backward(
      kept: source + offset, outputGradient: gradient + offset, to: staging, worker: worker, scratch: scratch)
    VectorLoops.store(staging, to: target + offset, count: split.length(piece), adding: true)
    return status
  }
}
