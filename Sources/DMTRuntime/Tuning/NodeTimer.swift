import DMTCore

/// Times every node of a step on every backend, at the moment when its inputs are in memory.
final class NodeTimer: StepWatch {
  private(set) var entries: [BackendProfile.Entry] = []
  /// What was asked for each of ``entries``.
  private(set) var requests: [WorkKey: KernelRequest] = [:]
  private let model: Model
  private let components: Components
  private let usual: BackendPolicy
  private let timer: AlternatingTimer
  private let margin: Double
  private let progress: (String) -> Void
  private var program: Program?
  /// Parameters change with every update: no run may find what another one has packed.
  private var version: UInt64 = 1 << 32

  init(
    _ model: Model, components: Components, usual: BackendPolicy, timer: AlternatingTimer, margin: Double,
    progress: @escaping (String) -> Void
  ) {
    self.model = model
    self.components = components
    self.usual = usual
    self.timer = timer
    self.margin = margin
    self.progress = progress
  }

  func begin(_ program: Program, batch: Batch) { self.program = program }

  func beforeForward(_ index: Int) throws(DMTError) {
    guard let program else { return }
    let step = program.steps[index]
    let request = Program.kernelRequest(
      step.node, in: program.graph, batch: program.batch, dtype: program.dtype, threads: model.settings.threads,
      isTraining: true, needsGradient: program.graph.needsGradient)
    let key = WorkKey(request)
    if let known = entries.firstIndex(where: { $0.key == key }) {
      // The one whose backward does more was perhaps not the first; both are served alike.
      entries[known].nodes.append(step.name)
      return
    }
    let gradients = SeededGradients(step, in: program)
    var contestants: [AlternatingTimer.Contestant] = []
    for backend in usual.candidates(for: request, components: components) where backend.support(for: request).isServed {
      let kernel = try SideKernel(index, of: program, request: request, backend: backend)
      contestants.append(
        .init(name: backend.name) { [self] () throws(DMTError) in
          version += 1
          let forward = try AlternatingTimer.seconds { () throws(DMTError) in try kernel.forward(version: version) }
          guard step.runsBackward else { return (forward, 0) }
          let backward = try AlternatingTimer.seconds { () throws(DMTError) in
            try kernel.backward(gradOutputs: gradients.pointers, readsOwnOutputs: true, version: version)
          }
          return (forward, backward)
        })
    }
    progress("\(step.name) (\(step.node.op.name)) on \(contestants.map(\.name).joined(separator: ", "))")
    let timings = try timer.measure(contestants)
    // A pin names the node, not the work; what serves it is no measure of what is usual.
    var policy = usual
    policy.pins = [:]
    let choice = try policy.choose(node: step.name, request: request, components: components)
    requests[key] = request
    entries.append(
      .init(
        key: key, nodes: [step.name],
        backend: BackendProfile.winner(timings, usual: choice.backend.name, margin: margin),
        usual: choice.backend.name, timings: timings))
  }

  func afterForward() {}
  func beforeBackward(_ index: Int) {}
  func afterBackward(_ index: Int) {}
  func end() {}
}

/// Gradients of a node's outputs, as large as those of a mean over the batch are.
private final class SeededGradients {
  let pointers: UnsafePointer<UnsafeRawPointer?>
  private let memory: SideMemory

  init(_ step: ProgramStep, in program: Program) {
    let memory = SideMemory()
    let dtype = program.dtype
    let size = 1 / Double(max(program.batch, 1))
    let blocks = step.node.outputs.map { output -> UnsafeMutableRawPointer in
      let count = program.graph.values[output].shape.elements(batch: program.batch)
      let block = memory.zeros(count * dtype.byteCount)
      var state: UInt32 = 0x9E37_79B9
      for index in 0..<count {
        state = state &* 1_664_525 &+ 1_013_904_223
        let value = (Double(state >> 8) / Double(1 << 23) - 1) * size
        if dtype == .float64 {
          block.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
        } else {
          block.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
        }
      }
      return block
    }
    pointers = UnsafeRawPointer(memory.pointers(blocks)).assumingMemoryBound(to: UnsafeRawPointer?.self)
    self.memory = memory
  }
}
