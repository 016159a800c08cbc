internal import CDNNL
internal import DMTPluginKit

/// `add`, `sub`, `mul` with NumPy's broadcasting.
///
/// Forward is the library's primitive where it compiles one: the first operand whole, the second repeated along a few
/// patterns of axes. Its reference code for the others is slower than ``BroadcastForward``, and it has no backward.
final class BroadcastKernel: PrimitiveKernel {
  /// The request repeats an operand.
  static func serves(_ request: KernelRequest) -> Bool {
    guard BinaryKernel.Operation(rawValue: request.op) != nil else { return false }
    return request.inputs.contains { $0.elementsPerSample != request.outputs[0].elementsPerSample }
  }

  private let operation: BinaryKernel.Operation
  private let axes: BroadcastAxes
  private let split: Split
  private let loops: BroadcastForward
  private let gradients: [BroadcastGradient]
  /// The library's calls for each length of a piece; nil: loops.
  private var calls: [[PreparedCall]?] = []
  /// The library wants the operand first that is not repeated.
  private let swapsOperands: Bool
  private var inputs: (a: UnsafePointer<Float>, b: UnsafePointer<Float>)?
  private var output: UnsafeMutablePointer<Float>?
  /// The operand whose gradient is being computed.
  private var operand = 0
  private var gradient: UnsafePointer<Float>?
  private var other: UnsafePointer<Float>?
  private var target: UnsafeMutablePointer<Float>?

  init(_ operation: BinaryKernel.Operation, request: KernelRequest) throws(DMTError) {
    self.operation = operation
    let axes = BroadcastAxes(request.inputs[0], request.inputs[1], to: request.outputs[0])
    let threads = HostThreads(requested: request.threads)
    self.axes = axes
    let outermost = axes.elements == 0 ? 0 : axes.axes[0].extent
    let work = Double(axes.elements) / Double(max(outermost, 1))
    split = Split(outermost, threads: threads.count, cost: work, alignment: axes.axes.count == 1 ? 16 : 1)
    loops = BroadcastForward(operation, axes)
    gradients = (0..<2).map { BroadcastGradient(operation, operand: $0, axes, threads: threads.count) }
    swapsOperands = operation != .sub && axes.repeats(operand: 0)
    super.init(threads: threads)
    for length in split.lengths {
      guard let compiled = try compiledPrimitive(length: length) else {
        calls.append(nil)
        continue
      }
      calls.append(try prepare(compiled.primitive, compiled.arguments))
    }
  }

  /// The library's primitive for pieces of a length; nil: it has none that is better than plain loops.
  private func compiledPrimitive(
    length: Int
  ) throws(DMTError) -> (primitive: Primitive, arguments: [(number: Int32, layout: dnnl_memory_desc_t)])? {
    let (first, second) = swapsOperands ? (1, 0) : (0, 1)
    if axes.repeats(operand: first) { return nil }
    let whole = try Layout.rowMajor(axes.extents(ofOperand: first, length: length))
    let repeated = try Layout.rowMajor(axes.extents(ofOperand: second, length: length))
    var description = dnnl_binary_desc_t()
    let status = withUnsafePointer(to: whole) { whole in
      withUnsafePointer(to: repeated) {
        dnnl_binary_desc_init(&description, operation.algorithm, whole, $0, whole)
      }
    }
    guard status == dnnl_success, let primitive = try? Primitive(description, what: operation.rawValue),
      !primitive.implementation.hasPrefix("ref")
    else { return nil }
    return (primitive, [(DNNL_ARG_SRC_0, whole), (DNNL_ARG_SRC_1, repeated), (DNNL_ARG_DST_0, whole)])
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    inputs = (try self.call.input(0), try self.call.input(1))
    output = try self.call.output(0)
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    self.call = CallPointers(call)
    if split.count > 0 { gradient = try self.call.outputGradient(0) }
    for index in 0..<2 {
      guard let target = self.call.inputGradient(index) else { continue }
      if split.count == 0 {
        // An operand repeated 0 times is in no sum.
        if !self.call.addsToInputGradient(index) { target.update(repeating: 0, count: gradients[index].elements) }
        continue
      }
      operand = index
      self.target = target
      other = operation == .mul ? try self.call.input(1 - index) : gradient
      try perform(.inputs, pieces: gradients[index].split.count)
    }
  }

  override func run(_ pass: Pass, piece: Int, worker: Int, scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    if pass == .inputs {
      guard let gradient, let other, let target else { return dnnl_invalid_arguments }
      gradients[operand].compute(
        gradient, other, to: target, adding: call.addsToInputGradient(operand), piece: piece)
      return dnnl_success
    }
    guard let inputs, let output else { return dnnl_invalid_arguments }
    let (start, axis) = (split.start(piece), axes.axes[0])
    let (a, b, c) = (inputs.a + start * axis.a, inputs.b + start * axis.b, output + start * axis.output)
    guard let call = calls[split.kind(piece)]?[worker] else {
      loops.compute(a, b, to: c, count: split.length(piece))
      return dnnl_success
    }
    call.bind(0, swapsOperands ? b : a)
    call.bind(1, swapsOperands ? a : b)
    call.bind(2, c)
    return call.execute(scratch: scratch)
  }
}
