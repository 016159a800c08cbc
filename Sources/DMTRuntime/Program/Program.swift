public import DMTCore
import DMTPluginHost

/// A graph bound to a batch size: kernels chosen, memory placed, calls made; running it allocates nothing.
public final class Program {
  /// What a program is made from.
  public struct Request {
    public var graph: Graph
    /// Values that are read after a run; a training program starts backward from their gradients.
    public var outputs: [Int]
    public var batch: Int
    /// Backward is run too, and dropout drops.
    public var isTraining: Bool
    public var dtype: DType
    public var threads: Int
    public var policy: BackendPolicy

    public init(
      graph: Graph, outputs: [Int], batch: Int, isTraining: Bool, dtype: DType = .float32, threads: Int,
      policy: BackendPolicy
    ) {
      self.graph = graph
      self.outputs = outputs
      self.batch = batch
      self.isTraining = isTraining
      self.dtype = dtype
      self.threads = threads
      self.policy = policy
    }
  }

  public let batch: Int
  public let isTraining: Bool
  let dtype: DType
  let graph: Graph
  let map: StorageMap
  let steps: [ProgramStep]
  let parameters: ParameterStore
  let arena: Arena
  let layout: ProgramLayout
  /// Gradients that nobody writes and that are wanted.
  private let zeroGradients: [Int]
  /// Constants, and inputs that lie outside the arena, by storage.
  private var external: [Int: UnsafeMutableRawPointer] = [:]
  private var constants: [UnsafeMutableRawPointer] = []
  private var linkedGeneration = -1

  /// Binds every node that `outputs` depend on.
  ///
  /// - Throws: whatever ``BackendPolicy/choose(node:request:components:)`` or a kernel's bind throws, with the node.
  public init(_ request: Request, components: Components, parameters: ParameterStore, arena: Arena) throws(DMTError) {
    graph = request.graph
    batch = request.batch
    isTraining = request.isTraining
    dtype = request.dtype
    self.parameters = parameters
    self.arena = arena
    map = StorageMap(graph: request.graph, isTraining: request.isTraining)

    let needs = request.graph.needsGradient
    let live = Program.liveNodes(request.graph, outputs: request.outputs)
    var steps: [ProgramStep] = []
    defer { CrashReport.run(node: nil) }
    for index in live where !map.isAlias[index] {
      let node = request.graph.nodes[index]
      CrashReport.run(node: CrashReport.text(node.name))
      let bound = try Program.bind(node, request, needsGradient: needs, components: components)
      steps.append(ProgramStep(node: node, kernel: bound.kernel, backend: bound.backend))
    }
    self.steps = steps
    zeroGradients =
      request.isTraining
      ? Program.planGradients(steps: steps, graph: request.graph, map: map, needs: needs, outputs: request.outputs) : []
    layout = ProgramLayout(
      graph: request.graph, map: map, steps: steps, needs: needs, outputs: request.outputs, batch: request.batch,
      bytesPerElement: request.dtype.byteCount, isTraining: request.isTraining, zeroGradients: zeroGradients)
    arena.reserve(layout.byteCount)
    fillConstants()
  }

  deinit {
    for constant in constants { constant.deallocate() }
  }

  /// Names of the backends that serve the nodes, in the order of first use.
  public var servedBy: [String] {
    var names: [String] = []
    for step in steps where !names.contains(step.backend) { names.append(step.backend) }
    return names
  }

  /// Bytes of the arena that the program uses.
  public var arenaBytes: Int { layout.byteCount }

  // MARK: - Tensors

  /// Lets input `value` be read from memory outside the arena, until the next call.
  public func setInput(_ value: Int, _ memory: UnsafeRawPointer) {
    let storage = map.storage[value]
    let pointer = UnsafeMutableRawPointer(mutating: memory)
    if external[storage] == pointer { return }
    external[storage] = pointer
    if linkedGeneration == arena.generation {
      for slot in layout.readers[storage] ?? [] { steps[slot.step].setInput(slot.input, pointer) }
    }
  }

  /// Memory of a value; inputs are written here before ``forward(_:)`` unless they lie outside.
  public func memory(of value: Int) -> UnsafeMutableRawPointer {
    link()
    let storage = map.storage[value]
    return external[storage] ?? arena.base + layout.valueOffset[storage]
  }

  /// Memory of the gradient of a value, or nil when it has none.
  ///
  /// The caller writes the gradients of the outputs before ``backward()`` and reads those of the inputs after it.
  public func gradientMemory(of value: Int) -> UnsafeMutableRawPointer? {
    link()
    return layout.gradientOffset[map.storage[value]].map { arena.base + $0 }
  }

  // MARK: - Running

  /// Computes the outputs.
  package func forward(_ context: StepContext) throws(DMTError) {
    try forward(context) { _ throws(DMTError) in }
  }

  /// Computes the outputs.
  ///
  /// - Parameter before: hears the index of every step before it reads its parameters.
  package func forward(_ context: StepContext, before: (Int) throws(DMTError) -> Void) throws(DMTError) {
    link()
    defer { CrashReport.run(node: nil) }
    for (index, step) in steps.enumerated() {
      step.prepare(context)
      CrashReport.run(node: step.crashName)
      try before(index)
      do throws(DMTError) { try step.kernel.forward(step.forwardCall) } catch {
        throw error.at(.init(phase: "forward", node: step.name))
      }
    }
  }

  /// Computes the gradients of the inputs that want one and of all parameters, from those of the outputs.
  package func backward() throws(DMTError) {
    try backward(before: { _ throws(DMTError) in }, finished: { _ throws(DMTError) in })
  }

  /// The parameters of every step, by the step's index.
  package private(set) lazy var stepParameters: [[Int]] = steps.map(\.node.parameters)

  /// Computes the gradients of the inputs that want one and of all parameters, from those of the outputs.
  ///
  /// - Parameters:
  ///   - before: hears the index of every step before it reads its parameters and writes their gradients, last step first.
  ///   - finished: hears it when the gradients are complete.
  package func backward(
    before: (Int) throws(DMTError) -> Void, finished: (Int) throws(DMTError) -> Void
  ) throws(DMTError) {
    for storage in zeroGradients {
      if let offset = layout.gradientOffset[storage] {
        (arena.base + offset).initializeMemory(as: UInt8.self, repeating: 0, count: layout.bytes(of: storage))
      }
    }
    defer { CrashReport.run(node: nil) }
    for index in steps.indices.reversed() where steps[index].runsBackward {
      let step = steps[index]
      CrashReport.run(node: step.crashName)
      try before(index)
      do throws(DMTError) { try step.kernel.backward(step.backwardCall) } catch {
        throw error.at(.init(phase: "backward", node: step.name))
      }
      for duplicate in step.duplicates {
        guard let target = layout.gradientOffset[duplicate.storage] else { continue }
        TensorSum.add(
          arena.base + layout.duplicateOffset[duplicate.buffer], to: arena.base + target, count: duplicate.elements,
          dtype: dtype)
      }
      try finished(index)
    }
  }

  // MARK: - Linking

  /// Writes the addresses of all tensors into the calls, when the arena has moved since the last time.
  private func link() {
    guard linkedGeneration != arena.generation else { return }
    arena.reserve(layout.byteCount)
    linkedGeneration = arena.generation
    for (index, step) in steps.enumerated() {
      step.link(to: self, index: index)
    }
  }

  func address(ofStorage storage: Int) -> UnsafeMutableRawPointer {
    external[storage] ?? arena.base + layout.valueOffset[storage]
  }

  private func fillConstants() {
    for (index, value) in graph.values.enumerated() {
      guard case .constant(let number) = value.source else { continue }
      let count = max(value.shape.elements(batch: batch), 1)
      let memory = UnsafeMutableRawPointer.allocate(byteCount: count * dtype.byteCount, alignment: 64)
      if dtype == .float64 {
        memory.initializeMemory(as: Double.self, repeating: number, count: count)
      } else {
        memory.initializeMemory(as: Float.self, repeating: Float(number), count: count)
      }
      constants.append(memory)
      external[map.storage[index]] = memory
    }
  }
}
