import CDMTPlugin
import DMTCore

/// The tables of a model, looked up by a second embedding backend too.
final class ShadowTables {
  /// Who is compared with whom.
  let node: ShadowReport.Node
  private let model: Model
  private let engine: EmbeddingEngine?
  private let memory = SideMemory()
  /// The second side's pooled embeddings, by output, for as many samples as have been seen.
  private var outputs: [UnsafeMutableRawPointer] = []
  private var capacity = 0

  /// Binds the first embedding backend of `side` that serves the model's tables.
  init(_ model: Model, side: ShadowSide) throws(DMTError) {
    self.model = model
    let own = try model.settings.policy.choose(
      EmbeddingEngine.request(for: model.plan.embeddingLayout, settings: model.settings), components: model.components)
    var engine: EmbeddingEngine?
    var reasons: [String] = []
    var against: String?
    for backend in side.embeddings where engine == nil {
      var settings = model.settings
      settings.policy = BackendPolicy(order: [backend.name], isExclusive: true)
      do throws(DMTError) {
        engine = try EmbeddingEngine(
          layout: model.plan.embeddingLayout, store: model.tables, settings: settings,
          components: Components(embeddings: [backend]))
        against = backend.name
      } catch  where error.code == .unsupported {
        reasons.append(error.message)
      }
    }
    self.engine = engine
    node = .init(
      name: "tables", op: "embedding_bag", backend: own.backend.name, against: against,
      reason: against != nil ? nil : reasons.isEmpty ? "has no tables" : reasons.joined(separator: "; "))
  }

  /// Looks the batch up and compares with what lies in the program's inputs.
  func compareForward(_ batch: Batch, program: Program) throws(DMTError) -> ShadowReport.Worst? {
    guard let engine else { return nil }
    let dtype = model.settings.dtype
    let plan = model.plan
    if batch.count > capacity {
      outputs = plan.embeddingOutputs.map { memory.zeros(batch.count * $0.columns * dtype.byteCount) }
      capacity = batch.count
    }
    for (index, output) in outputs.enumerated() { engine.setOutput(index, output) }
    try engine.forward(batch)
    var worst = ShadowReport.Worst(tolerance: ShadowTolerance.tables(dtype).forward, tensor: "pooled embeddings")
    for (index, output) in plan.embeddingOutputs.enumerated() {
      let error = TensorDifference.share(
        program.memory(of: output.value), outputs[index], count: batch.count * output.columns, dtype: dtype)
      if error > worst.error {
        worst.error = error
        worst.tensor = plan.graph.values[output.value].name
      }
    }
    return worst
  }

  /// Compares the summed gradient of every touched row, from the same gradients of the pooled embeddings.
  func compareBackward(_ batch: Batch) throws(DMTError) -> ShadowReport.Worst? {
    guard let engine else { return nil }
    let dtype = model.settings.dtype
    for index in model.plan.embeddingOutputs.indices { engine.setOutput(index, model.embedding.output(index)) }
    try engine.computeRowGradients(gradientScale: 1)
    try model.embedding.computeRowGradients(gradientScale: 1)
    var worst = ShadowReport.Worst(tolerance: ShadowTolerance.tables(dtype).backward, tensor: "gradients of rows")
    for (index, table) in model.plan.tables.enumerated() {
      guard let own = engine.dedup(index), let theirs = model.embedding.dedup(index) else { continue }
      let count = Int(theirs.pointee.count)
      var error = Double.infinity
      // Both list the distinct rows in ascending order.
      if Int(own.pointee.count) == count, (0..<count).allSatisfy({ own.pointee.rows[$0] == theirs.pointee.rows[$0] }) {
        error = 0
        if let a = model.embedding.rowGradients(index), let b = engine.rowGradients(index) {
          error = TensorDifference.share(a, b, count: count * table.shape.dim, dtype: dtype)
        }
      }
      if error > worst.error {
        worst.error = error
        worst.tensor = table.parameterName
      }
    }
    return worst
  }
}
