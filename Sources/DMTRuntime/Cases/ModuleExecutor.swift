public import DMTCases
public import DMTCore

/// Runs a single module for its cases and gradient checks.
public struct ModuleExecutor: ModuleCaseExecutor {
  /// Operators and modules that the module may expand into.
  public var components: Components

  public init(components: Components) { self.components = components }

  /// The order in which a module reads inputs that cases know by name.
  private static let inputOrder = ["x", "dense", "first_order"]

  public func execute(_ request: ModuleCaseRequest) throws(DMTError) -> ModuleCaseRun {
    guard let module = components.modules[request.module] else {
      throw DMTError(.unsupported, "no module '\(request.module)' is known")
    }
    let known = Self.inputOrder.filter { request.inputs[$0] != nil }
    let names = known + request.inputs.keys.filter { !Self.inputOrder.contains($0) }.sorted()
    guard let first = names.first, let batch = request.inputs[first]?.shape.dims.first else {
      throw DMTError(.invalidArgument, "a case of module '\(request.module)' has no input with a batch")
    }
    var attributes = request.attributes
    if request.inputs["first_order"] != nil, module.attributes["first_order"] != nil {
      attributes["first_order"] = .bool(true)
    }

    var components = components
    for backend in request.backends { components.backends[backend.name] = backend }
    let composer = GraphComposer(components: components)
    var inputs: [GraphValue] = []
    for name in names {
      var dims = request.inputs[name]?.shape.dims ?? []
      guard dims.first == batch else {
        throw DMTError(.shapeMismatch, "input '\(name)' is \(Shape(dims)), expected a batch of \(batch)")
      }
      dims[0] = Shape.batch
      inputs.append(composer.input(name, shape: Shape(dims), needsGradient: true))
    }
    let output = try composer.module(request.module, name: "", attributes: attributes, inputs: inputs)
    let graph = composer.graph
    let parameters = ParameterStore(graph.parameters, dtype: request.dtype, seed: request.key.seed)
    try set(parameters, from: request.parameters)

    let program = try Program(
      .init(
        graph: graph, outputs: [Int(output.id)], batch: batch, isTraining: true, dtype: request.dtype, threads: 1,
        policy: BackendPolicy(order: request.backends.map(\.name), origin: "the case", isExclusive: true)),
      components: components, parameters: parameters, arena: Arena())
    for (name, value) in zip(names, inputs) {
      try write(request.inputs[name], to: program.memory(of: Int(value.id)), dtype: request.dtype, what: name)
    }
    // Backward reads the sample numbers again.
    let samples = UnsafeMutablePointer<Int64>.allocate(capacity: max(batch, 1))
    defer { samples.deallocate() }
    for index in 0..<max(batch, 1) { samples[index] = Int64(index) }
    try program.forward(
      StepContext(
        isTraining: true, seed: request.key.seed, step: request.key.step, samples: UnsafePointer(samples),
        parameterVersion: 1))
    let shape = graph.values[Int(output.id)].shape.resolved(batch: batch)
    var run = ModuleCaseRun(
      output: read(program.memory(of: Int(output.id)), shape: shape, dtype: request.dtype), servedBy: program.servedBy)
    guard let gradient = request.outputGradient else { return run }
    guard gradient.values.count == shape.elementsPerSample, let memory = program.gradientMemory(of: Int(output.id))
    else {
      throw DMTError(.shapeMismatch, "the output's gradient is \(gradient.shape), the output \(shape)")
    }
    try write(gradient, to: memory, dtype: request.dtype, what: "the output's gradient")
    try program.backward()
    for (name, value) in zip(names, inputs) {
      guard let memory = program.gradientMemory(of: Int(value.id)), let input = request.inputs[name] else { continue }
      run.inputGradients[name] = read(memory, shape: input.shape, dtype: request.dtype)
    }
    for (index, parameter) in graph.parameters.enumerated() {
      run.parameterGradients[parameter.name] = read(
        parameters.gradient(index), shape: parameter.shape, dtype: request.dtype)
    }
    return run
  }

  private func set(_ store: ParameterStore, from tensors: [String: CaseTensor]) throws(DMTError) {
    let names = Set(store.parameters.map(\.name))
    if let unknown = tensors.keys.sorted().first(where: { !names.contains($0) }) {
      throw DMTError(
        .invalidArgument, "the module has no parameter '\(unknown)'",
        remedy: Spelling.suggestion(for: unknown, in: names))
    }
    for (index, parameter) in store.parameters.enumerated() {
      guard let tensor = tensors[parameter.name] else {
        throw DMTError(.invalidArgument, "the case has no parameter '\(parameter.name)' \(parameter.shape)")
      }
      guard tensor.shape == parameter.shape else {
        throw DMTError(
          .shapeMismatch,
          "parameter '\(parameter.name)' is \(tensor.shape) in the case, \(parameter.shape) in the module")
      }
      try write(tensor, to: store.value(index), dtype: store.dtype, what: parameter.name)
    }
  }

  private func write(
    _ tensor: CaseTensor?, to memory: UnsafeMutableRawPointer, dtype: DType, what: String
  ) throws(DMTError) {
    guard let tensor, tensor.values.count == tensor.shape.elementsPerSample else {
      throw DMTError(.invalidArgument, "'\(what)' has another number of elements than its shape says")
    }
    for (index, value) in tensor.values.enumerated() {
      if dtype == .float64 {
        memory.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
      } else {
        memory.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
      }
    }
  }

  private func read(_ memory: UnsafeMutableRawPointer, shape: Shape, dtype: DType) -> CaseTensor {
    let values = (0..<shape.elementsPerSample).map { index in
      dtype == .float64
        ? memory.load(fromByteOffset: index * 8, as: Double.self)
        : Double(memory.load(fromByteOffset: index * 4, as: Float.self))
    }
    return CaseTensor(shape: shape, values: values)
  }
}
