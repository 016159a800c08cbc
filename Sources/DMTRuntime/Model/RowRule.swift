import CDMTPlugin
package import DMTCore

/// The touched rows of an engine's tables under an optimizer that brings its own rule.
///
/// A row's gradient is summed by the engine first; a rule sees each touched row once.
package final class RowRule {
  /// Numbers a row that ``addSums(_:learningRate:gradientScale:step:to:)`` adds.
  private let sumCount: Int
  private let embedding: EmbeddingEngine
  private let kernel: any OptimizerKernel
  private let call: UnsafeMutablePointer<dmt_optimizer_rows>
  private let states: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let stateCount: Int
  private var sums: UnsafeMutablePointer<Double>?
  private var sumCapacity = 0

  /// - Throws: ``DMTError/Code/unsupported`` when the optimizer is not for tables or does not compute the tables' type.
  package init(
    _ embedding: EmbeddingEngine, rule: OptimizerSpec.Rule, attributes: Attributes, threads: Int
  ) throws(DMTError) {
    guard rule.optimizer.servesTables else {
      throw DMTError(.unsupported, "optimizer \(rule.optimizer.name) updates dense parameters only")
    }
    self.embedding = embedding
    sumCount = rule.layout.rowSumCount
    stateCount = rule.layout.states.count
    kernel = try rule.optimizer.bind(
      OptimizerRequest(dtype: embedding.store.dtype, attributes: attributes, threads: threads))
    let tables = embedding.layout.tables.count
    states = .allocate(capacity: max(tables * stateCount, 1))
    for table in 0..<tables {
      for state in 0..<stateCount {
        (states + table * stateCount + state).initialize(to: embedding.store.state(table, state))
      }
    }
    call = .allocate(capacity: 1)
    call.initialize(to: dmt_optimizer_rows())
    call.pointee.struct_size = UInt32(MemoryLayout<dmt_optimizer_rows>.size)
  }

  deinit {
    call.deallocate()
    states.deallocate()
    sums?.deallocate()
  }

  /// Adds the sums of the touched rows of `table`, over the columns that are here, to `target`.
  package func addSums(
    _ table: Int, learningRate: Double, gradientScale: Double, step: Int, to target: UnsafeMutablePointer<Double>
  ) throws(DMTError) {
    guard sumCount > 0, prepare(table, learningRate, gradientScale, step) else { return }
    let count = Int(call.pointee.row_count) * sumCount
    let own = reserve(count)
    call.pointee.sums = own
    try kernel.sumRows(call)
    for index in 0..<count { target[index] += own[index] }
  }

  /// Updates the touched rows of `table`.
  ///
  /// - Parameter sums: over the whole rows; nil: all columns are here, and the rule is asked for them.
  package func update(
    _ table: Int, learningRate: Double, gradientScale: Double, step: Int,
    sums given: UnsafeMutablePointer<Double>? = nil
  ) throws(DMTError) {
    guard prepare(table, learningRate, gradientScale, step) else { return }
    if sumCount > 0 {
      call.pointee.sums = given ?? reserve(Int(call.pointee.row_count) * sumCount)
      if given == nil { try kernel.sumRows(call) }
    }
    try kernel.updateRows(call)
  }

  /// Fills the call in; false when the batch touched no row of the table.
  private func prepare(_ table: Int, _ learningRate: Double, _ gradientScale: Double, _ step: Int) -> Bool {
    guard let dedup = embedding.dedup(table), dedup.pointee.count > 0, let gradients = embedding.rowGradients(table)
    else { return false }
    let shape = embedding.layout.tables[table]
    call.pointee.row_count = dedup.pointee.count
    call.pointee.rows = UnsafePointer(dedup.pointee.rows)
    call.pointee.columns = Int64(shape.shape.dim)
    call.pointee.whole_columns = Int64(shape.region?.whole.dim ?? shape.shape.dim)
    call.pointee.parameters = embedding.store.weight(table)
    call.pointee.gradients = UnsafeRawPointer(gradients)
    call.pointee.states = stateCount == 0 ? nil : UnsafePointer(states + table * stateCount)
    call.pointee.sums = nil
    call.pointee.learning_rate = learningRate
    call.pointee.gradient_scale = gradientScale
    call.pointee.step = Int64(step)
    return true
  }

  private func reserve(_ count: Int) -> UnsafeMutablePointer<Double> {
    if let sums, count <= sumCapacity { return sums }
    sums?.deallocate()
    let memory = UnsafeMutablePointer<Double>.allocate(capacity: count)
    memory.initialize(repeating: 0, count: count)
    sums = memory
    sumCapacity = count
    return memory
  }
}
