internal import CDNNL
internal import DMTPluginKit

/// `add`, `sub`, `mul` of two tensors of one shape, leading extents of 1 aside.
final class BinaryKernel: PrimitiveKernel {
  enum Operation: String {
    case add
    case sub
    case mul

    var algorithm: dnnl_alg_kind_t {
      switch self {
      case .add: dnnl_binary_add
      case .sub: dnnl_binary_sub
      case .mul: dnnl_binary_mul
      }
    }
  }

  private let operation: Operation
  private let split: Split
  private var calls: [[PreparedCall]] = []
  private var a: UnsafePointer<Float>?
  private var b: UnsafePointer<Float>?
  private var c: UnsafeMutablePointer<Float>?
  private var gradient: UnsafePointer<Float>?

  init(_ operation: Operation, request: KernelRequest) throws(DMTError) {
    self.operation = operation
    let threads = HostThreads(requested: request.threads)
    split = Split(request.inputs[0].elementsPerSample, threads: threads.count, cost: 1, minimum: 16_384, alignment: 64)
    super.init(threads: threads)
    for length in split.lengths {
      let layout = try Layout.rowMajor([length])
      var description = dnnl_binary_desc_t()
      try Library.check(
        withUnsafePointer(to: layout) { dnnl_binary_desc_init(&description, operation.algorithm, $0, $0, $0) },
        "the description of \(operation.rawValue)")
      let primitive = try Primitive(description, what: operation.rawValue)
      calls.append(
        try prepare(primitive, [(DNNL_ARG_SRC_0, layout), (DNNL_ARG_SRC_1, layout), (DNNL_ARG_DST_0, layout)]))
    }
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    a = try self.call.input(0)
    b = try self.call.input(1)
    c = try self.call.output(0)
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    if operation == .mul {
      a = try self.call.input(0)
      b = try self.call.input(1)
    }
    gradient = try self.call.outputGradient(0)
    try perform(.inputs, pieces: split.count)
  }

  override func run(_ pass: Pass, piece: Int, worker: Int, scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    let (offset, length) = (split.start(piece), split.length(piece))
    if pass == .forward {
      guard let a, let b, let c else { return dnnl_invalid_arguments }
      let call = calls[split.kind(piece)][worker]
      call.bind(0, a + offset)
      call.bind(1, b + offset)
      call.bind(2, c + offset)
      return call.execute(scratch: scratch)
    }
    guard let gradient else { return dnnl_invalid_arguments }
    for index in 0..<2 {
      guard let target = call.inputGradient(index) else { continue }
      let adds = call.addsToInputGradient(index)
      if operation == .mul {
        guard let other = index == 0 ? b : a else { return dnnl_invalid_arguments }
        VectorLoops.storeProduct(gradient + offset, other + offset, to: target + offset, count: length, adding: adds)
      } else {
        VectorLoops.store(
          gradient + offset, to: target + offset, count: length, adding: adds, negated: operation == .sub && index == 1)
      }
    }
    return dnnl_success
  }
}
