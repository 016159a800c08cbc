import DMTCore

/// Times lookup and update of a model's tables, and the update of its dense parameters, on every backend that has them.
struct TableTimer {
  private let model: Model
  private let usual: BackendPolicy
  private let timer: AlternatingTimer
  private let margin: Double
  private let progress: (String) -> Void

  init(
    _ model: Model, usual: BackendPolicy, timer: AlternatingTimer, margin: Double, progress: @escaping (String) -> Void
  ) {
    self.model = model
    self.usual = usual
    self.timer = timer
    self.margin = margin
    self.progress = progress
  }

  /// One entry for the tables, one for the dense optimizer; none where the model only predicts.
  func measure(_ batch: Batch) throws(DMTError) -> [BackendProfile.Entry] {
    guard let optimizer = model.settings.optimizer, let tableOptimizer = model.settings.tableOptimizer else {
      return []
    }
    return [try tables(batch, tableOptimizer), try update(optimizer)]
  }

  private func tables(_ batch: Batch, _ optimizer: OptimizerSpec) throws(DMTError) -> BackendProfile.Entry {
    let layout = model.plan.embeddingLayout
    let request = EmbeddingEngine.request(for: layout, settings: model.settings)
    let memory = SideMemory()
    let outputs = layout.outputColumns.map { memory.zeros(batch.count * $0 * model.settings.dtype.byteCount) }
    var contestants: [AlternatingTimer.Contestant] = []
    for name in usual.names {
      guard let backend = model.components.embeddings[name], backend.support(for: request).isServed else { continue }
      let settings = settings(preferring: name)
      let engine = try EmbeddingEngine(
        layout: layout, store: model.tables, settings: settings, components: model.components)
      let update = try TableOptimizer(
        engine, optimizer: optimizer, settings: settings, components: model.components)
      for (index, output) in outputs.enumerated() { engine.setOutput(index, output) }
      contestants.append(
        .init(name: name) { () throws(DMTError) in
          let lookup = try AlternatingTimer.seconds { () throws(DMTError) in try engine.forward(batch) }
          // The embeddings themselves stand for their gradients: any numbers take as long.
          let updating = try AlternatingTimer.seconds { () throws(DMTError) in
            try update.update(learningRate: 0, gradientScale: 1, step: 1)
          }
          return (lookup, updating)
        })
    }
    progress("tables on \(contestants.map(\.name).joined(separator: ", "))")
    let before = try usual.choose(request, components: model.components).backend.name
    return try entry(WorkKey(request), "tables", before, contestants)
  }

  private func update(_ optimizer: OptimizerSpec) throws(DMTError) -> BackendProfile.Entry {
    let request = UpdateRequest(
      dtype: model.settings.dtype, optimizer: optimizer,
      sizes: model.plan.graph.parameters.map(\.shape.elementsPerSample), threads: model.settings.threads)
    var contestants: [AlternatingTimer.Contestant] = []
    for name in usual.names {
      guard let backend = model.components.updates[name], backend.support(for: request).isServed else { continue }
      let dense = try DenseOptimizer(
        model.parameters, optimizer: optimizer, settings: settings(preferring: name), components: model.components)
      contestants.append(
        .init(name: name) { () throws(DMTError) in
          let seconds = try AlternatingTimer.seconds { () throws(DMTError) in
            try dense.update(learningRate: 0, gradientScale: 1, step: 1)
          }
          return (0, seconds)
        })
    }
    progress("dense update on \(contestants.map(\.name).joined(separator: ", "))")
    let before = try usual.choose(request, components: model.components).backend.name
    return try entry(WorkKey(request), "dense update", before, contestants)
  }

  private func settings(preferring name: String) -> Model.Settings {
    var settings = model.settings
    settings.policy = usual.preferring(name, origin: "tuning")
    return settings
  }

  private func entry(
    _ key: WorkKey, _ node: String, _ usual: String, _ contestants: [AlternatingTimer.Contestant]
  ) throws(DMTError) -> BackendProfile.Entry {
    let timings = try timer.measure(contestants)
    return .init(
      key: key, nodes: [node], backend: BackendProfile.winner(timings, usual: usual, margin: margin), usual: usual,
      timings: timings)
  }
}
