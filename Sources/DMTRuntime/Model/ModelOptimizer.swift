import CDMTPlugin
public import DMTCore

extension OptimizerSpec {
  /// On a table: every row changes at every step, instead of the rows of the batch.
  ///
  /// `adam` and `adamw` are defined on whole tensors; `sgd` and `adagrad` are when `every_row` asks for it or where they
  /// have a momentum, which moves rows that the batch did not touch.
  public var updatesEveryRow: Bool {
    if isSparseOnly { return false }
    if case .bool(let stated) = attributes["every_row"] { return stated }
    if name == "sgd", let momentum = try? attributes.double("momentum", default: 0) { return momentum != 0 }
    return name == "adam" || name == "adamw"
  }
}

/// Updates everything that a model learns: dense parameters, and tables row by row or as a whole.
final class ModelOptimizer {
  private let settings: Model.Settings
  private let plan: ModelPlan
  private let parameters: ParameterStore
  private let tables: TableStore
  private let embedding: EmbeddingEngine
  private let dense: UpdateEngine?
  /// Tables as whole tensors; nil: row by row.
  private let wholeTables: UpdateEngine?
  /// Gradients of whole tables: zero but in the rows of the current batch.
  private let tableGradients: [UnsafeMutableRawPointer]
  /// The optimizer's states of the dense parameters.
  let denseStates: [(state: OptimizerSpec.State, parameter: Int, memory: UnsafeMutableRawPointer)]

  /// nil when the settings name no optimizer.
  init?(
    plan: ModelPlan, settings: Model.Settings, components: Components, parameters: ParameterStore,
    tables: TableStore, embedding: EmbeddingEngine
  ) throws(DMTError) {
    guard let optimizer = settings.optimizer, let tableOptimizer = settings.tableOptimizer else { return nil }
    self.settings = settings
    self.plan = plan
    self.parameters = parameters
    self.tables = tables
    self.embedding = embedding
    let dtype = settings.dtype

    var denseStates: [(state: OptimizerSpec.State, parameter: Int, memory: UnsafeMutableRawPointer)] = []
    var tensors: [UpdateEngine.Tensor] = []
    for index in parameters.parameters.indices {
      var states: [UnsafeMutableRawPointer] = []
      for state in try optimizer.states() {
        let memory = AlignedMemory.zeros(parameters.count(index), dtype)
        states.append(memory)
        denseStates.append((state, index, memory))
      }
      tensors.append(
        .init(
          parameter: parameters.value(index), gradient: parameters.gradient(index), states: states,
          count: parameters.count(index)))
    }
    self.denseStates = denseStates
    dense =
      tensors.isEmpty
      ? nil : try ModelOptimizer.engine(tensors, optimizer, settings: settings, components: components)

    if tableOptimizer.updatesEveryRow {
      let gradients = plan.tables.map { AlignedMemory.zeros($0.shape.rows * $0.shape.dim, dtype) }
      tableGradients = gradients
      wholeTables = try ModelOptimizer.engine(
        plan.tables.indices.map { index in
          .init(
            parameter: tables.weight(index), gradient: gradients[index],
            states: tables.states.indices.map { tables.state(index, $0) },
            count: plan.tables[index].shape.rows * plan.tables[index].shape.dim)
        }, tableOptimizer, settings: settings, components: components)
    } else {
      tableGradients = []
      wholeTables = nil
    }
  }

  deinit {
    for memory in tableGradients { memory.deallocate() }
    for state in denseStates { state.memory.deallocate() }
  }

  /// One update from the gradients of the last backward.
  func update(learningRateScale: Double, step: Int) throws(DMTError) {
    guard let optimizer = settings.optimizer, let tableOptimizer = settings.tableOptimizer else { return }
    var scale = 1.0
    var hasRowGradients = false
    if let limit = settings.clipNorm {
      try embedding.computeRowGradients(gradientScale: 1)
      hasRowGradients = true
      let norm = (denseSquares() + tableSquares()).squareRoot()
      guard norm.isFinite else {
        throw DMTError(
          .notFinite, "the norm of the gradient is \(DMTError.text(norm))", place: .init(step: step),
          remedy: "lower the learning rate, or look for extreme values in the data")
      }
      // PyTorch's clip_grad_norm_.
      scale = min(1, limit / (norm + 1e-6))
    }
    try dense?.update(
      learningRate: optimizer.learningRate * learningRateScale, gradientScale: scale, step: step)
    let tableRate = tableOptimizer.learningRate * learningRateScale
    if let wholeTables {
      if !hasRowGradients { try embedding.computeRowGradients(gradientScale: 1) }
      forEachTouchedRow { table, row, gradient, bytes in
        tableGradients[table].advanced(by: row * bytes).copyMemory(from: gradient, byteCount: bytes)
      }
      try wholeTables.update(learningRate: tableRate, gradientScale: scale, step: step)
      forEachTouchedRow { table, row, _, bytes in
        tableGradients[table].advanced(by: row * bytes).initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      }
    } else {
      try embedding.update(learningRate: tableRate, gradientScale: scale, step: step)
    }
    parameters.version += 1
  }

  // MARK: - Parts

  private func forEachTouchedRow(_ body: (Int, Int, UnsafeMutableRawPointer, Int) -> Void) {
    for index in plan.tables.indices {
      guard let dedup = embedding.dedup(index), let gradients = embedding.rowGradients(index) else { continue }
      let bytes = plan.tables[index].shape.dim * tables.dtype.byteCount
      for position in 0..<Int(dedup.pointee.count) {
        body(index, Int(dedup.pointee.rows[position]), gradients + position * bytes, bytes)
      }
    }
  }

  private func denseSquares() -> Double {
    var sum = 0.0
    for index in parameters.parameters.indices { sum += squares(parameters.gradient(index), parameters.count(index)) }
    return sum
  }

  private func tableSquares() -> Double {
    var sum = 0.0
    for index in plan.tables.indices {
      guard let dedup = embedding.dedup(index), let gradients = embedding.rowGradients(index) else { continue }
      sum += squares(gradients, Int(dedup.pointee.count) * plan.tables[index].shape.dim)
    }
    return sum
  }

  private func squares(_ memory: UnsafeMutableRawPointer, _ count: Int) -> Double {
    var sum = 0.0
    if settings.dtype == .float64 {
      let values = memory.assumingMemoryBound(to: Double.self)
      for index in 0..<count { sum += values[index] * values[index] }
    } else {
      let values = memory.assumingMemoryBound(to: Float.self)
      for index in 0..<count { sum += Double(values[index]) * Double(values[index]) }
    }
    return sum
  }

  private static func engine(
    _ tensors: [UpdateEngine.Tensor], _ optimizer: OptimizerSpec, settings: Model.Settings, components: Components
  ) throws(DMTError) -> UpdateEngine {
    let request = UpdateRequest(
      dtype: settings.dtype, optimizer: optimizer, sizes: tensors.map(\.count), threads: settings.threads)
    let choice = try settings.policy.choose(request, components: components)
    return try UpdateEngine(
      tensors, optimizer: optimizer, dtype: settings.dtype, backend: choice.backend, threads: settings.threads)
  }
}
