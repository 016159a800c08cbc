internal import CDMTPlugin
internal import DMTCases
internal import DMTCore
internal import DMTReference

/// An operator at known shapes on a backend or on its own kernels.
struct KernelWorkload: Workload {
  let schema: any Operator
  let backend: any Backend
  /// Who knows the right numbers; nil: nobody.
  let oracle: (any Backend)?
  let attributes: Attributes
  /// Shapes with the batch left open.
  let open: [Shape]
  /// Inputs without a gradient, such as labels.
  let constants: Set<Int>
  let batch: Int
  var seed: UInt64
  let request: KernelRequest
  let signature: OperatorSignature

  /// - Throws: what the operator says to such shapes and attributes.
  init(
    _ schema: any Operator, on backend: any Backend, oracle: (any Backend)?, attributes given: Attributes,
    inputs open: [Shape], constants: Set<Int> = [], batch: Int, seed: UInt64, isTraining: Bool = true
  ) throws(DMTError) {
    self.schema = schema
    self.backend = backend
    self.oracle = oracle
    self.open = open
    self.constants = constants
    self.batch = batch
    self.seed = seed
    let shapes = open.map { $0.resolved(batch: batch) }
    (signature, attributes) = try schema.checkedSignature(inputs: shapes, attributes: given)
    var mask: UInt64 = 0
    for index in shapes.indices where !constants.contains(index) { mask |= 1 << UInt64(index) }
    request = KernelRequest(
      op: schema.name, revision: schema.revision, inputs: shapes, parameters: signature.parameters.map(\.shape),
      outputs: signature.outputs, attributes: attributes, isTraining: isTraining, wantedInputGradients: mask)
  }

  var name: String {
    let settings = attributes.values.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    return schema.name + " " + request.inputs.map(\.description).joined(separator: " ") + settings
  }

  /// Whether the backend says that it serves it.
  var support: KernelSupport { backend.support(for: request) }

  func bind(threads: Int) throws(DMTError) -> any BoundWorkload {
    var request = request
    request.threads = threads
    return BoundKernel(self, try backend.bind(request), request)
  }

  func bindReference() throws(DMTError) -> (any BoundWorkload)? {
    guard let oracle else { return nil }
    var exact = request
    exact.dtype = .float64
    return BoundKernel(self, try oracle.bind(exact), exact)
  }

  func resized(batch: Int) throws(DMTError) -> any Workload {
    try KernelWorkload(
      schema, on: backend, oracle: oracle, attributes: attributes, inputs: open, constants: constants, batch: batch,
      seed: seed, isTraining: request.isTraining)
  }

  /// The same, bound for inference alone.
  func forInference() throws(DMTError) -> KernelWorkload {
    try KernelWorkload(
      schema, on: backend, oracle: oracle, attributes: attributes, inputs: open, constants: constants, batch: batch,
      seed: seed, isTraining: false)
  }

  func reseeded(_ seed: UInt64) -> any Workload {
    var other = self
    other.seed = seed
    return other
  }

  func variant() throws(DMTError) -> (any Workload)? {
    for field in schema.attributes.fields where field.kind == .double {
      var changed = attributes
      let before = try attributes.double(field.name, default: 0)
      changed[field.name] = .double(before == 0.25 ? 0.5 : 0.25)
      let other = try? KernelWorkload(
        schema, on: backend, oracle: oracle, attributes: changed, inputs: open, constants: constants, batch: batch,
        seed: seed, isTraining: request.isTraining)
      if let other, other.support.isServed { return other }
    }
    return nil
  }

  /// Names of inputs, then of parameters.
  var operandNames: [String] {
    request.inputs.indices.map { $0 < schema.inputNames.count ? schema.inputNames[$0] : "input \($0)" }
      + signature.parameters.map(\.name)
  }

  /// Random numbers that float32 holds, away from 0 where operators have kinks.
  func values(_ shape: Shape, _ name: String) -> [Double] {
    CaseTensor.float32Numbers(shape, name: schema.name + "." + name, seed: seed, gap: 0.05)
  }
}

/// A plan of an operator with its data.
final class BoundKernel: BoundWorkload {
  let kernel: any Kernel
  private let workload: KernelWorkload
  private let request: KernelRequest
  /// Inputs, then parameters.
  var operands: [[Double]]
  private let outputGradients: [[Double]]

  init(_ workload: KernelWorkload, _ kernel: any Kernel, _ request: KernelRequest) {
    self.workload = workload
    self.kernel = kernel
    self.request = request
    operands = zip(request.inputs + request.parameters, workload.operandNames).map { workload.values($0, $1) }
    outputGradients = request.outputs.enumerated().map { workload.values($1, "gradient \($0)") }
  }

  private var isWanted: [Bool] {
    request.inputs.indices.map { !workload.constants.contains($0) } + request.parameters.map { _ in true }
  }

  func run(_ policy: MemoryPolicy, _ variation: RunVariation) throws(DMTError) -> [NamedNumbers] {
    let memory = TestMemory(policy)
    let dtype = request.dtype
    var contents = operands
    if let special = variation.special, special.input >= 0, !contents[special.input].isEmpty {
      contents[special.input][0] = special.value
    }
    let blocks = zip(workload.operandNames, contents).map { memory.input($0, $1, dtype) }
    let outputs = request.outputs.enumerated().map { index, shape in
      memory.output(
        request.outputs.count == 1 ? "the output" : "output \(index)",
        byteCount: shape.elements(batch: 0) * dtype.byteCount)
    }
    let saved = memory.working("the saved memory", byteCount: kernel.savedBytes)
    let scratch = memory.working("forward's scratch memory", byteCount: kernel.scratchBytes)
    let samples = memory.input("the sample numbers", elements: (0..<Int64(max(1, workload.batch))).map { $0 })
    let lists = (
      PointerList(blocks.prefix(request.inputs.count).map(\.pointer)),
      PointerList(blocks.dropFirst(request.inputs.count).map(\.pointer)), PointerList(outputs.map(\.pointer))
    )
    var call = dmt_kernel_call()
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
    call.flags = request.isTraining ? UInt32(DMT_CALL_TRAINING) : 0
    call.saved = saved.pointer
    call.scratch = scratch.pointer
    call.parameter_version = 1
    call.seed = workload.seed
    call.step = 3
    call.node = FNV1a.hash32("node")
    call.samples = samples.pointer.map { UnsafePointer($0.assumingMemoryBound(to: Int64.self)) }
    call.inputs = lists.0.constant
    call.parameters = lists.1.constant
    call.outputs = lists.2.mutable
    try withExtendedLifetime(lists) { () throws(DMTError) in try kernel.forward(&call) }
    try memory.check()
    var result = outputs.map { NamedNumbers(name: $0.name, values: $0.values(dtype)) }
    if request.isTraining {
      result += try backward(memory, call, blocks, outputs, variation)
    }
    return result
  }

  private func backward(
    _ memory: TestMemory, _ forward: dmt_kernel_call, _ blocks: [TestBlock], _ outputs: [TestBlock],
    _ variation: RunVariation
  ) throws(DMTError) -> [NamedNumbers] {
    let dtype = request.dtype
    var slopes = outputGradients
    if let special = variation.special, special.input < 0 {
      slopes = slopes.map { $0.map { _ in special.value } }
    }
    let incoming = slopes.enumerated().map { memory.input("the output's gradient \($0)", $1, dtype) }
    let targets: [TestBlock?] = blocks.indices.map { index in
      guard isWanted[index], variation.onlyGradient ?? index == index else { return nil }
      let count = blocks[index].byteCount / dtype.byteCount
      return memory.output(
        "the gradient of \(workload.operandNames[index])", byteCount: blocks[index].byteCount,
        start: variation.addingTo.map { [Double](repeating: $0, count: count) }, dtype)
    }
    let scratch = memory.working("backward's scratch memory", byteCount: kernel.scratchBytes)
    let inputCount = request.inputs.count
    let signature = workload.signature
    // What the schema says backward does not read it does not get.
    let readInputs = blocks.prefix(inputCount).enumerated().map {
      signature.backwardReadsInputs >> UInt64($0) & 1 == 1 ? $1.pointer : nil
    }
    let readOutputs = outputs.enumerated().map {
      signature.backwardReadsOutputs >> UInt64($0) & 1 == 1 ? $1.pointer : nil
    }
    let lists = [
      PointerList(readInputs), PointerList(readOutputs), PointerList(incoming.map(\.pointer)),
      PointerList(targets.prefix(inputCount).map { $0?.pointer }),
      PointerList(targets.dropFirst(inputCount).map { $0?.pointer }),
    ]
    var call = forward
    call.inputs = lists[0].constant
    call.outputs = lists[1].mutable
    call.grad_outputs = lists[2].constant
    call.grad_inputs = lists[3].mutable
    call.grad_parameters = lists[4].mutable
    call.scratch = scratch.pointer
    call.accumulate_inputs = variation.addingTo == nil ? 0 : .max
    call.accumulate_parameters = variation.addingTo == nil ? 0 : .max
    let parameters = PointerList(blocks.dropFirst(inputCount).map(\.pointer))
    call.parameters = parameters.constant
    try withExtendedLifetime((lists, parameters)) { () throws(DMTError) in try kernel.backward(&call) }
    try memory.check()
    return targets.compactMap { target in target.map { NamedNumbers(name: $0.name, values: $0.values(dtype)) } }
  }
}
