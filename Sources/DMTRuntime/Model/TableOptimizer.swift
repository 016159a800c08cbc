import CDMTPlugin
package import DMTCore

/// Updates the tables of one embedding engine: the rows of the batch, or every row where the optimizer asks for it, or the rows
/// of the batch by the optimizer's own rule.
package final class TableOptimizer {
  private let embedding: EmbeddingEngine
  /// The optimizer's own rule; nil: backends know the optimizer by name.
  private let rule: RowRule?
  /// Tables as whole tensors; nil: row by row.
  private let wholeTables: UpdateEngine?
  /// Gradients of whole tables: zero but in the rows of the current batch.
  private let tableGradients: [UnsafeMutableRawPointer]
  private var hasRowGradients = false

  /// - Throws: ``DMTError/Code/unsupported`` when no backend serves the optimizer.
  package init(
    _ embedding: EmbeddingEngine, optimizer: OptimizerSpec, settings: Model.Settings, components: Components
  ) throws(DMTError) {
    self.embedding = embedding
    rule =
      if let own = optimizer.rule {
        try RowRule(embedding, rule: own, attributes: optimizer.attributes, threads: settings.threads)
      } else { nil }
    guard optimizer.updatesEveryRow else {
      tableGradients = []
      wholeTables = nil
      return
    }
    let store = embedding.store
    let counts = embedding.layout.tables.map { $0.shape.rows * $0.shape.dim }
    let gradients = counts.map { AlignedMemory.zeros($0, store.dtype) }
    tableGradients = gradients
    wholeTables = try UpdateEngine(
      counts.indices.map { index in
        .init(
          parameter: store.weight(index), gradient: gradients[index],
          states: store.states.indices.map { store.state(index, $0) }, count: counts[index])
      }, optimizer: optimizer, settings: settings, components: components)
  }

  deinit {
    for memory in tableGradients { memory.deallocate() }
  }

  /// The sum of the squares of the gradients of all touched rows, duplicates summed first.
  package func squares() throws(DMTError) -> Double {
    try prepareRowGradients()
    return embedding.squaresOfRowGradients()
  }

  /// One update from the gradients of the engine's outputs.
  package func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    if let rule {
      try prepareRowGradients()
      for table in embedding.layout.tables.indices {
        try rule.update(table, learningRate: learningRate, gradientScale: gradientScale, step: step)
      }
    } else if let wholeTables {
      try prepareRowGradients()
      forEachTouchedRow { table, row, gradient, bytes in
        tableGradients[table].advanced(by: row * bytes).copyMemory(from: gradient, byteCount: bytes)
      }
      try wholeTables.update(learningRate: learningRate, gradientScale: gradientScale, step: step)
      forEachTouchedRow { table, row, _, bytes in
        tableGradients[table].advanced(by: row * bytes).initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      }
    } else {
      try embedding.update(learningRate: learningRate, gradientScale: gradientScale, step: step)
    }
    hasRowGradients = false
  }

  private func prepareRowGradients() throws(DMTError) {
    guard !hasRowGradients else { return }
    try embedding.computeRowGradients(gradientScale: 1)
    hasRowGradients = true
  }

  private func forEachTouchedRow(_ body: (Int, Int, UnsafeMutableRawPointer, Int) -> Void) {
    for (index, table) in embedding.layout.tables.enumerated() {
      guard let dedup = embedding.dedup(index), let gradients = embedding.rowGradients(index) else { continue }
      let bytes = table.shape.dim * embedding.store.dtype.byteCount
      for position in 0..<Int(dedup.pointee.count) {
        body(index, Int(dedup.pointee.rows[position]), gradients + position * bytes, bytes)
      }
    }
  }
}
