import CDMTPlugin
public import DMTCore

/// One operator bound on one backend, with memory around it that shows what a kernel must not do.
///
/// Outputs start as NaN, so that an element that is not written is seen; saved and scratch too; what the schema says
/// backward does not read is not given to it; inputs must stay as they are; no memory may be written behind its end.
public final class KernelHarness {
  /// Gradients by input and by parameter; nil where none was asked for.
  public struct Gradients: Sendable {
    public var inputs: [[Double]?]
    public var parameters: [[Double]?]
  }

  /// Which gradients backward computes.
  public struct Wanted: Sendable {
    public var inputs: [Bool]
    public var parameters: [Bool]
    public init(inputs: [Bool], parameters: [Bool]) {
      self.inputs = inputs
      self.parameters = parameters
    }
  }

  private let kernel: any Kernel
  private let dtype: DType
  private let key: CaseKey
  private let signature: OperatorSignature
  private let inputs: [GuardedBuffer]
  private let parameters: [GuardedBuffer]
  private let output: GuardedBuffer
  private let saved: GuardedBuffer
  private let scratch: GuardedBuffer
  private let samples: GuardedBuffer

  /// Binds `request` on `backend`; the request has one output.
  ///
  /// - Throws: what the backend throws; ``DMTError/Code/pluginFailed`` when it asks for memory of a negative size.
  public init(
    _ request: KernelRequest, signature: OperatorSignature, on backend: any Backend, key: CaseKey = CaseKey()
  ) throws(DMTError) {
    guard request.outputs.count == 1, let shape = request.outputs.first else {
      throw DMTError(.unsupported, "operator \(request.op) has \(request.outputs.count) outputs; cases know one")
    }
    kernel = try backend.bind(request)
    guard kernel.savedBytes >= 0, kernel.scratchBytes >= 0 else {
      throw DMTError(
        .pluginFailed, "the kernel wants \(kernel.savedBytes) saved and \(kernel.scratchBytes) scratch bytes")
    }
    self.signature = signature
    self.key = key
    dtype = request.dtype
    func buffer(_ shape: Shape) -> GuardedBuffer {
      GuardedBuffer(byteCount: shape.elements(batch: 0) * request.dtype.byteCount)
    }
    inputs = request.inputs.map(buffer)
    parameters = request.parameters.map(buffer)
    output = buffer(shape)
    saved = GuardedBuffer(byteCount: kernel.savedBytes)
    scratch = GuardedBuffer(byteCount: kernel.scratchBytes)
    samples = GuardedBuffer(elements: (0..<Int64(request.inputs.first?.dims.first ?? 0)).map { $0 })
  }

  /// The output for these inputs and parameters, which must have the shapes of the request.
  public func forward(
    inputs values: [[Double]], parameters parameterValues: [[Double]], training: Bool
  ) throws(DMTError) -> [Double] {
    guard zip(inputs, values).allSatisfy({ $0.byteCount == $1.count * dtype.byteCount }), inputs.count == values.count,
      zip(parameters, parameterValues).allSatisfy({ $0.byteCount == $1.count * dtype.byteCount }),
      parameters.count == parameterValues.count
    else {
      throw DMTError(.shapeMismatch, "forward got other inputs or parameters than the operator was bound to")
    }
    for (buffer, list) in zip(inputs + parameters, values + parameterValues) { buffer.write(list, dtype) }
    for buffer in [output, saved, scratch] { buffer.clear() }
    let before = (inputs + parameters).map(\.bytes)
    let lists = (PointerList(inputs), PointerList(parameters), PointerList([output]))
    var call = emptyCall(training: training)
    call.inputs = lists.0.constant
    call.parameters = lists.1.constant
    call.outputs = lists.2.mutable
    try withExtendedLifetime(lists) { () throws(DMTError) in try kernel.forward(&call) }
    try checkMemory(before, "forward")
    return output.values(dtype)
  }

  /// The gradients for the output gradient `values`, after ``forward(inputs:parameters:training:)``.
  ///
  /// - Parameter earlier: gradients to which the new ones are added; nil: they are overwritten.
  public func backward(
    outputGradient values: [Double], wanted: Wanted, addingTo earlier: Gradients? = nil, training: Bool
  ) throws(DMTError) -> Gradients {
    guard wanted.inputs.count == inputs.count, wanted.parameters.count == parameters.count,
      values.count * dtype.byteCount == output.byteCount
    else {
      throw DMTError(.shapeMismatch, "backward got other gradients than the operator was bound to")
    }
    scratch.clear()
    let gradient = GuardedBuffer(values, dtype)
    func target(_ like: GuardedBuffer, _ isWanted: Bool, _ start: [Double]?) -> GuardedBuffer? {
      guard isWanted else { return nil }
      let buffer = GuardedBuffer(byteCount: like.byteCount)
      if let start { buffer.write(start, dtype) }
      return buffer
    }
    let inputTargets = inputs.indices.map { target(inputs[$0], wanted.inputs[$0], earlier?.inputs[$0]) }
    let parameterTargets = parameters.indices.map {
      target(parameters[$0], wanted.parameters[$0], earlier?.parameters[$0])
    }
    let readInputs = inputs.enumerated().map { signature.backwardReadsInputs >> UInt64($0) & 1 == 1 ? $1 : nil }
    let before = (inputs + parameters).map(\.bytes)
    let lists = [
      PointerList(readInputs), PointerList(parameters),
      PointerList([signature.backwardReadsOutputs & 1 == 1 ? output : nil]),
      PointerList([gradient]), PointerList(inputTargets), PointerList(parameterTargets),
    ]
    var call = emptyCall(training: training)
    call.inputs = lists[0].constant
    call.parameters = lists[1].constant
    call.outputs = lists[2].mutable
    call.grad_outputs = lists[3].constant
    call.grad_inputs = lists[4].mutable
    call.grad_parameters = lists[5].mutable
    call.accumulate_inputs = earlier == nil ? 0 : .max
    call.accumulate_parameters = earlier == nil ? 0 : .max
    try withExtendedLifetime(lists) { () throws(DMTError) in try kernel.backward(&call) }
    try checkMemory(before, "backward")
    for buffer in (inputTargets + parameterTargets).compactMap({ $0 }) { try buffer.checkGuard("a gradient") }
    try gradient.checkGuard("the output's gradient")
    return Gradients(
      inputs: inputTargets.map { $0?.values(dtype) }, parameters: parameterTargets.map { $0?.values(dtype) })
  }

  private func emptyCall(training: Bool) -> dmt_kernel_call {
    var call = dmt_kernel_call()
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
    call.flags = training ? UInt32(DMT_CALL_TRAINING) : 0
    call.saved = saved.byteCount == 0 ? nil : saved.pointer
    call.scratch = scratch.byteCount == 0 ? nil : scratch.pointer
    call.parameter_version = 1
    call.seed = key.seed
    call.step = key.step
    call.node = FNV1a.hash32(key.node)
    call.samples = UnsafePointer(samples.pointer.assumingMemoryBound(to: Int64.self))
    return call
  }

  private func checkMemory(_ before: [[UInt8]], _ phase: String) throws(DMTError) {
    for (index, buffer) in (inputs + parameters).enumerated() {
      let what = index < inputs.count ? "input \(index)" : "parameter \(index - inputs.count)"
      guard buffer.bytes == before[index] else { throw DMTError(.pluginFailed, "\(phase) changed \(what)") }
      try buffer.checkGuard(what)
    }
    for (buffer, what) in [(output, "the output"), (saved, "the saved memory"), (scratch, "the scratch memory")] {
      try buffer.checkGuard(what)
    }
  }
}
