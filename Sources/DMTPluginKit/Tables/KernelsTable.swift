internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// A ``Backend`` behind a `dmt_kernels` table.
final class KernelsContext: Sendable {
  let backend: any Backend

  init(_ backend: any Backend) { self.backend = backend }

  static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> KernelsContext {
    guard let context else { throw missing("the kernels' ctx") }
    return Unmanaged<KernelsContext>.fromOpaque(context).takeUnretainedValue()
  }

  /// The table, for as long as the process lives.
  static func table(_ backend: any Backend) -> UnsafePointer<dmt_kernels> {
    let table = UnsafeMutablePointer<dmt_kernels>.allocate(capacity: 1)
    table.initialize(
      to: dmt_kernels(
        struct_size: SizedStruct.size(of: dmt_kernels.self), reserved: 0,
        ctx: Unmanaged.passRetained(KernelsContext(backend)).toOpaque(),
        supports: { context, request, support in
          guarded { () throws(DMTError) in try KernelsContext.at(context).supports(request, support) }
        },
        bind: { context, request, plan in
          guarded { () throws(DMTError) in try KernelsContext.at(context).bind(request, plan) }
        },
        forward: { handle, call in
          guard let handle, let call else { return PluginContext.fail(missing("the plan or the call")) }
          return Unmanaged<KernelHandle>.fromOpaque(handle)._withUnsafeGuaranteedRef { $0.forward(call) }
        },
        backward: { handle, call in
          guard let handle, let call else { return PluginContext.fail(missing("the plan or the call")) }
          return Unmanaged<KernelHandle>.fromOpaque(handle)._withUnsafeGuaranteedRef { $0.backward(call) }
        },
        release: { handle in
          if let handle { Unmanaged<KernelHandle>.fromOpaque(handle).release() }
        }))
    return UnsafePointer(table)
  }

  private func supports(
    _ pointer: UnsafePointer<dmt_kernel_request>?, _ answer: UnsafeMutablePointer<dmt_support>?
  ) throws(DMTError) {
    let request = try KernelRequest(copying: pointer)
    let support = backend.support(for: request)
    var result = dmt_support()
    result.score = Int32(clamping: max(0, support.score))
    result.reason = ThreadTexts.renew().text(support.reason)
    try SizedStruct.write(result, to: answer, "the place for the answer")
  }

  private func bind(
    _ pointer: UnsafePointer<dmt_kernel_request>?, _ answer: UnsafeMutablePointer<dmt_kernel_plan>?
  ) throws(DMTError) {
    let request = try KernelRequest(copying: pointer)
    guard answer != nil else { throw missing("the place for the plan") }
    let handle = KernelHandle.make(try backend.bind(request), request: request)
    var plan = dmt_kernel_plan()
    plan.saved_bytes = Int64(handle.savedBytes)
    plan.scratch_bytes = Int64(handle.scratchBytes)
    try SizedStruct.handOver(handle, as: plan, \.handle, to: answer)
  }
}

/// A bound plan behind a handle: checks a call's pointers, then runs the kernel.
///
/// The class is not generic, so that a C function can recover it; calls are dispatched through its vtable, which is
/// faster than through an existential and keeps no reference counts.
class KernelHandle {
  let savedBytes: Int
  let scratchBytes: Int
  private let inputs: Places
  private let parameters: Places
  private let outputs: Places

  /// How many tensors there are, and which of them have elements and therefore must have memory.
  private struct Places {
    var count: Int
    var filled: UInt64

    init(_ shapes: [Shape]) {
      count = shapes.count
      filled = 0
      for (index, shape) in shapes.enumerated() where shape.elementsPerSample != 0 { filled |= 1 << UInt64(index) }
    }

    @inline(__always)
    func hold(_ pointers: UnsafePointer<UnsafeRawPointer?>?) -> Bool {
      guard count > 0 else { return true }
      guard let pointers else { return false }
      var rest = filled
      while rest != 0 {
        if pointers[rest.trailingZeroBitCount] == nil { return false }
        rest &= rest - 1
      }
      return true
    }
  }

  fileprivate init(request: KernelRequest, savedBytes: Int, scratchBytes: Int) {
    self.savedBytes = savedBytes
    self.scratchBytes = scratchBytes
    inputs = Places(request.inputs)
    parameters = Places(request.parameters)
    outputs = Places(request.outputs)
  }

  static func make<K: Kernel>(_ kernel: K, request: KernelRequest) -> KernelHandle {
    TypedKernelHandle(kernel, request: request)
  }

  /// Abstract; every handle is a ``TypedKernelHandle``.
  func forward(_ call: UnsafePointer<dmt_kernel_call>) -> dmt_status { DMT_UNIMPLEMENTED }
  /// Abstract; every handle is a ``TypedKernelHandle``.
  func backward(_ call: UnsafePointer<dmt_kernel_call>) -> dmt_status { DMT_UNIMPLEMENTED }

  @inline(__always)
  final func canForward(_ call: UnsafePointer<dmt_kernel_call>) -> Bool {
    SizedStruct.isWhole(call.pointee.struct_size, dmt_kernel_call.self)
      && inputs.hold(call.pointee.inputs) && parameters.hold(call.pointee.parameters)
      && outputs.hold(constant(call.pointee.outputs)) && hasMemory(call)
  }

  @inline(__always)
  final func canBackward(_ call: UnsafePointer<dmt_kernel_call>) -> Bool {
    SizedStruct.isWhole(call.pointee.struct_size, dmt_kernel_call.self)
      && (call.pointee.inputs != nil || inputs.count == 0)
      && (call.pointee.parameters != nil || parameters.count == 0)
      && (call.pointee.outputs != nil || outputs.count == 0) && outputs.hold(call.pointee.grad_outputs)
      && (call.pointee.grad_inputs != nil || inputs.count == 0)
      && (call.pointee.grad_parameters != nil || parameters.count == 0) && hasMemory(call)
  }

  @inline(__always)
  private func hasMemory(_ call: UnsafePointer<dmt_kernel_call>) -> Bool {
    (savedBytes == 0 || call.pointee.saved != nil) && (scratchBytes == 0 || call.pointee.scratch != nil)
  }

  @inline(__always)
  private func constant(
    _ pointers: UnsafePointer<UnsafeMutableRawPointer?>?
  ) -> UnsafePointer<UnsafeRawPointer?>? {
    pointers.map { UnsafeRawPointer($0).assumingMemoryBound(to: UnsafeRawPointer?.self) }
  }

  /// Says what is missing in a call that was refused.
  @inline(never)
  final func refuse(_ call: UnsafePointer<dmt_kernel_call>, backward: Bool) -> dmt_status {
    let needed = dmt_kernel_call.firstSize
    let what =
      if call.pointee.struct_size < needed {
        "has struct_size \(call.pointee.struct_size), expected at least \(needed)"
      } else if !hasMemory(call) {
        "lacks saved (\(savedBytes) bytes) or scratch (\(scratchBytes) bytes)"
      } else {
        "lacks the memory of one of \(inputs.count) inputs, \(parameters.count) parameters, \(outputs.count) outputs"
          + (backward ? " or their gradients" : "")
      }
    return PluginContext.fail(DMTError(.invalidArgument, "the \(backward ? "backward" : "forward") call \(what)"))
  }
}

private final class TypedKernelHandle<K: Kernel>: KernelHandle {
  private let kernel: K

  init(_ kernel: K, request: KernelRequest) {
    self.kernel = kernel
    super.init(request: request, savedBytes: kernel.savedBytes, scratchBytes: kernel.scratchBytes)
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) -> dmt_status {
    guard canForward(call) else { return refuse(call, backward: false) }
    return guarded { () throws(DMTError) in try kernel.forward(call) }
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) -> dmt_status {
    guard canBackward(call) else { return refuse(call, backward: true) }
    return guarded { () throws(DMTError) in try kernel.backward(call) }
  }
}
