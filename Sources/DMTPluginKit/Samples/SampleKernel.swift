internal import CDMTPlugin
internal import DMTCore
internal import Synchronization

/// The kernels of a ``SampleOperator`` as a ``Backend``.
struct SampleBackend<Operation: SampleOperator>: Backend {
  let operation: Operation

  init(_ operation: Operation) { self.operation = operation }

  var name: String { operation.name }

  func support(for request: KernelRequest) -> KernelSupport {
    if request.op != operation.name {
      return KernelSupport(score: 0, reason: "serves \(operation.name) alone, not \(request.op)")
    }
    if request.dtype != .float32 {
      return KernelSupport(score: 0, reason: "serves float32 alone, not \(request.dtype.rawValue)")
    }
    return KernelSupport(score: 60, reason: "the operator's own kernel, in plain Swift")
  }

  func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel {
    let support = support(for: request)
    guard support.isServed else { throw DMTError(.unsupported, support.reason) }
    // The views are cut by these shapes, so they must be the ones that the author reckons with.
    let (signature, attributes) = try operation.checkedSignature(inputs: request.inputs, attributes: request.attributes)
    guard signature.outputs == request.outputs, signature.parameters.map(\.shape) == request.parameters else {
      throw DMTError(
        .shapeMismatch,
        "operator \(request.op) is bound to outputs \(request.outputs) and parameters \(request.parameters), "
          + "expected \(signature.outputs) and \(signature.parameters.map(\.shape))")
    }
    var request = request
    request.attributes = attributes
    return TypedSampleKernelPlan(operation, request: request)
  }
}

/// The plan of a ``SampleOperator``: splits a call by samples and hands the author views of each part.
class SampleKernelPlan: Kernel {
  enum Role {
    case inputs, parameters, outputs
  }

  let request: KernelRequest
  let savedBytes = 0
  let scratchBytes = 0
  /// Samples when every input and output has them as its first extent; nil: a call is not split.
  let samples: Int?
  /// Elements of every tensor, and of one sample of it.
  private let inputSizes: [(whole: Int, sample: Int)]
  private let parameterSizes: [(whole: Int, sample: Int)]
  private let outputSizes: [(whole: Int, sample: Int)]
  /// Samples that are worth a thread of their own.
  private let grain: Int
  private let failure = Mutex<DMTError?>(nil)

  init(request: KernelRequest) {
    self.request = request
    let tensors = request.inputs + request.outputs
    let first = request.outputs.first?.dims.first
    samples = first != nil && tensors.allSatisfy { $0.dims.first == first } ? first : nil
    func measure(_ shapes: [Shape]) -> [(whole: Int, sample: Int)] {
      shapes.map { ($0.elementsPerSample, Shape(Array($0.dims.dropFirst())).elementsPerSample) }
    }
    inputSizes = measure(request.inputs)
    parameterSizes = measure(request.parameters)
    outputSizes = measure(request.outputs)
    let elementsPerSample = max(1, tensors.reduce(0) { $0 + $1.elementsPerSample } / max(1, first ?? 1))
    grain = max(1, 8192 / elementsPerSample)
  }

  /// First element and number of elements of a part in a tensor; an empty range for a tensor that there is not.
  func range(_ part: SamplePart, _ index: Int, of role: Role) -> Range<Int> {
    let list =
      switch role {
      case .inputs: inputSizes
      case .parameters: parameterSizes
      case .outputs: outputSizes
      }
    guard list.indices.contains(index) else { return 0..<0 }
    guard samples != nil, role != .parameters else { return 0..<list[index].whole }
    return part.first * list[index].sample..<(part.first + part.count) * list[index].sample
  }

  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    try run(call, splits: samples != nil) { argument, begin, end, _ in
      SampleKernelPlan.runPart(argument, begin, end) { plan, part throws(DMTError) in try plan.forward(part) }
    }
  }

  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    clearParameterGradients(call)
    try run(call, splits: samples != nil && request.parameters.isEmpty) { argument, begin, end, _ in
      SampleKernelPlan.runPart(argument, begin, end) { plan, part throws(DMTError) in
        plan.clearInputGradients(part)
        try plan.backward(part)
      }
    }
  }

  /// Abstract; every plan is a ``TypedSampleKernelPlan``.
  func forward(_ part: SamplePart) throws(DMTError) {}
  /// Abstract; every plan is a ``TypedSampleKernelPlan``.
  func backward(_ part: SamplePart) throws(DMTError) {}

  private struct Work {
    var plan: Unmanaged<SampleKernelPlan>
    var call: UnsafePointer<dmt_kernel_call>
  }

  private func run(
    _ call: UnsafePointer<dmt_kernel_call>, splits: Bool, body: dmt_parallel_body
  ) throws(DMTError) {
    var work = Work(plan: Unmanaged.passUnretained(self), call: call)
    let count = Int64(samples ?? 1)
    if splits {
      PluginContext.parallelFor(count: Int(count), grain: grain, argument: &work, body: body)
    } else if count > 0 {
      body(&work, 0, count, 0)
    }
    let failed = failure.withLock { failure in
      defer { failure = nil }
      return failure
    }
    if let failed { throw failed }
  }

  private static func runPart(
    _ argument: UnsafeMutableRawPointer?, _ begin: Int64, _ end: Int64,
    _ body: (SampleKernelPlan, SamplePart) throws(DMTError) -> Void
  ) {
    guard let work = argument?.assumingMemoryBound(to: Work.self).pointee else { return }
    let part = SamplePart(call: work.call, plan: work.plan, first: Int(begin), count: Int(end - begin))
    work.plan._withUnsafeGuaranteedRef { plan in
      do throws(DMTError) {
        try body(plan, part)
      } catch {
        plan.failure.withLock { $0 = $0 ?? error }
      }
    }
  }

  private func clearInputGradients(_ part: SamplePart) {
    for index in request.inputs.indices where part.call.pointee.accumulate_inputs >> UInt64(index) & 1 == 0 {
      part.elements(part.call.pointee.grad_inputs, index, of: .inputs).update(repeating: 0)
    }
  }

  private func clearParameterGradients(_ call: UnsafePointer<dmt_kernel_call>) {
    let whole = SamplePart(call: call, plan: Unmanaged.passUnretained(self), first: 0, count: samples ?? 1)
    for index in request.parameters.indices where call.pointee.accumulate_parameters >> UInt64(index) & 1 == 0 {
      whole.elements(call.pointee.grad_parameters, index, of: .parameters).update(repeating: 0)
    }
  }
}

private final class TypedSampleKernelPlan<Operation: SampleOperator>: SampleKernelPlan {
  private let operation: Operation

  init(_ operation: Operation, request: KernelRequest) {
    self.operation = operation
    super.init(request: request)
  }

  override func forward(_ part: SamplePart) throws(DMTError) {
    var samples = ForwardSamples(part)
    try operation.forward(&samples)
  }

  override func backward(_ part: SamplePart) throws(DMTError) {
    var samples = BackwardSamples(part)
    try operation.backward(&samples)
  }
}

extension SamplePart {
  /// The part's elements of a tensor that is read; empty when there is no such tensor.
  func elements(
    _ pointers: UnsafePointer<UnsafeRawPointer?>?, _ index: Int, of role: SampleKernelPlan.Role
  ) -> UnsafeBufferPointer<Float> {
    let range = plan._withUnsafeGuaranteedRef { $0.range(self, index, of: role) }
    guard !range.isEmpty, let start = pointers?[index] else { return UnsafeBufferPointer(start: nil, count: 0) }
    return UnsafeBufferPointer(start: start.assumingMemoryBound(to: Float.self) + range.lowerBound, count: range.count)
  }

  /// The part's elements of a tensor that is written; empty when there is no such tensor.
  func elements(
    _ pointers: UnsafePointer<UnsafeMutableRawPointer?>?, _ index: Int, of role: SampleKernelPlan.Role
  ) -> UnsafeMutableBufferPointer<Float> {
    let range = plan._withUnsafeGuaranteedRef { $0.range(self, index, of: role) }
    guard !range.isEmpty, let start = pointers?[index] else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
    return UnsafeMutableBufferPointer(
      start: start.assumingMemoryBound(to: Float.self) + range.lowerBound, count: range.count)
  }
}
