package import CDMTPlugin
package import DMTCore

/// Looks the features of a batch up and updates the tables, all tables in one call.
package final class EmbeddingEngine {
  package let store: TableStore
  package let layout: EmbeddingLayout
  private let kernel: any EmbeddingKernel
  private let call: UnsafeMutablePointer<dmt_embedding_call>
  private let features: UnsafeMutablePointer<dmt_jagged>
  private let tables: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let outputs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let strides: UnsafeMutablePointer<Int64>
  private let states: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let dedups: UnsafeMutablePointer<UnsafeMutablePointer<dmt_dedup>?>
  private let rowGradientPointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private var rowGradientCapacity: [Int]
  private var scratch = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
  private var scratchBytes = 64
  /// Row numbers in the bags of each table in the current batch.
  private var occurrences: [Int]
  /// The dedups are those of the current batch.
  private var isDeduplicated = false

  /// An engine on the first backend of the settings' policy that serves it.
  ///
  /// - Parameter store: the layout's tables.
  /// - Throws: ``DMTError/Code/unsupported`` when no backend serves the tables.
  package init(
    layout: EmbeddingLayout, store: TableStore, settings: Model.Settings, components: Components
  ) throws(DMTError) {
    self.layout = layout
    self.store = store
    // A rule of its own is called with the rows' gradients.
    let updatesRows = settings.tableOptimizer.map { !$0.updatesEveryRow && $0.rule == nil } ?? false
    let request = EmbeddingRequest(
      dtype: store.dtype, tables: layout.tables.map(\.shape), features: layout.features,
      outputCount: layout.outputColumns.count, optimizer: updatesRows ? settings.tableOptimizer : nil,
      threads: settings.threads)
    kernel = try settings.policy.choose(request, components: components).backend.bind(request)
    call = .allocate(capacity: 1)
    features = .allocate(capacity: layout.features.count)
    features.initialize(repeating: dmt_jagged(), count: layout.features.count)
    tables = .allocate(capacity: layout.tables.count)
    rowGradientPointers = .allocate(capacity: layout.tables.count)
    rowGradientPointers.initialize(repeating: nil, count: layout.tables.count)
    rowGradientCapacity = Array(repeating: 0, count: layout.tables.count)
    outputs = .allocate(capacity: layout.outputColumns.count)
    outputs.initialize(repeating: nil, count: layout.outputColumns.count)
    strides = .allocate(capacity: layout.outputColumns.count)
    states = .allocate(capacity: max(layout.tables.count * store.states.count, 1))
    dedups = .allocate(capacity: layout.tables.count)
    occurrences = Array(repeating: 0, count: layout.tables.count)
    for (index, output) in layout.outputColumns.enumerated() { strides[index] = Int64(output) }
    for index in layout.tables.indices {
      tables[index] = store.weight(index)
      for state in store.states.indices { states[index * store.states.count + state] = store.state(index, state) }
      let dedup = UnsafeMutablePointer<dmt_dedup>.allocate(capacity: 1)
      dedup.initialize(to: dmt_dedup())
      dedup.pointee.struct_size = UInt32(MemoryLayout<dmt_dedup>.size)
      dedups[index] = dedup
    }
    var call = dmt_embedding_call()
    call.struct_size = UInt32(MemoryLayout<dmt_embedding_call>.size)
    call.features = UnsafePointer(features)
    call.tables = UnsafePointer(tables)
    call.outputs = UnsafePointer(outputs)
    call.output_strides = UnsafePointer(strides)
    call.dedups = UnsafePointer(dedups)
    call.states = UnsafePointer(states)
    call.row_gradients = UnsafePointer(rowGradientPointers)
    self.call.initialize(to: call)
  }

  deinit {
    for index in layout.tables.indices {
      if let dedup = dedups[index] {
        if dedup.pointee.capacity > 0 { release(dedup) }
        dedup.deallocate()
      }
      rowGradientPointers[index]?.deallocate()
    }
    scratch.deallocate()
    rowGradientPointers.deallocate()
    dedups.deallocate()
    states.deallocate()
    strides.deallocate()
    outputs.deallocate()
    tables.deallocate()
    features.deallocate()
    call.deallocate()
  }

  // MARK: - Calls

  /// Where the following calls write pooled embeddings, or read their gradients.
  package func setOutput(_ output: Int, _ memory: UnsafeMutableRawPointer?) { outputs[output] = memory }

  /// Pools every bag of the batch into the outputs' memory.
  package func forward(_ batch: Batch) throws(DMTError) {
    try setBatch(batch)
    try kernel.forward(call)
  }

  /// Updates the touched rows of all tables.
  package func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    try deduplicate()
    call.pointee.learning_rate = learningRate
    call.pointee.gradient_scale = gradientScale
    call.pointee.step = Int64(step)
    try kernel.update(call)
  }

  /// The summed gradient of every touched row of every table, in the order of ``dedup(_:)``.
  package func computeRowGradients(gradientScale: Double) throws(DMTError) {
    try deduplicate()
    for index in layout.tables.indices {
      let count = occurrences[index] * layout.tables[index].shape.dim
      if count > rowGradientCapacity[index] {
        rowGradientPointers[index]?.deallocate()
        rowGradientPointers[index] = .allocate(byteCount: count * store.dtype.byteCount, alignment: 64)
        rowGradientCapacity[index] = count
      }
    }
    call.pointee.gradient_scale = gradientScale
    try kernel.rowGradients(call)
  }

  /// Distinct rows of table `table` in this batch.
  package func dedup(_ table: Int) -> UnsafePointer<dmt_dedup>? { dedups[table].map { UnsafePointer($0) } }

  /// Row gradients of table `table` after ``computeRowGradients(gradientScale:)``.
  package func rowGradients(_ table: Int) -> UnsafeMutableRawPointer? { rowGradientPointers[table] }

  /// The sum of the squares of all row gradients after ``computeRowGradients(gradientScale:)``.
  package func squaresOfRowGradients() -> Double {
    var sum = 0.0
    for (index, table) in layout.tables.enumerated() {
      guard let dedup = dedup(index), let gradients = rowGradients(index) else { continue }
      sum += GradientNorm.squares(gradients, Int(dedup.pointee.count) * table.shape.dim, store.dtype)
    }
    return sum
  }

  // MARK: - The batch

  /// Lets the following calls read `batch`; ``forward(_:)`` does it itself.
  ///
  /// - Throws: ``DMTError/Code/invalidData`` for a row number that its table does not have.
  package func setBatch(_ batch: Batch) throws(DMTError) {
    call.pointee.batch = Int64(batch.count)
    isDeduplicated = false
    for index in occurrences.indices { occurrences[index] = 0 }
    var total = 0
    for (index, feature) in layout.features.enumerated() {
      let jagged = batch.jagged(feature: layout.batchFeatures[index])
      let table = layout.tables[feature.table]
      try RowNumbers.check(
        jagged, feature: layout.featureNames[layout.batchFeatures[index]], table: table.name, rows: table.shape.rows)
      features[index] = dmt_jagged(
        values: jagged.values, offsets: jagged.offsets, weights: jagged.weights,
        value_count: Int64(jagged.valueCount))
      occurrences[feature.table] += jagged.valueCount
      total += jagged.valueCount
    }
    let bytes = kernel.scratchBytes(batch: batch.count, values: total)
    if bytes > scratchBytes {
      scratch.deallocate()
      scratch = .allocate(byteCount: bytes, alignment: 64)
      scratchBytes = bytes
    }
    call.pointee.scratch = scratch
  }

  private func deduplicate() throws(DMTError) {
    guard !isDeduplicated else { return }
    for index in layout.tables.indices {
      guard let dedup = dedups[index] else { continue }
      let needed = Int64(occurrences[index])
      if needed > dedup.pointee.capacity || dedup.pointee.rows == nil {
        if dedup.pointee.rows != nil { release(dedup) }
        let room = max(Int(needed), 1)
        dedup.pointee.rows = .allocate(capacity: room)
        dedup.pointee.starts = .allocate(capacity: room + 1)
        dedup.pointee.order = .allocate(capacity: room)
        dedup.pointee.bags = .allocate(capacity: room)
        dedup.pointee.capacity = Int64(room)
      }
    }
    try kernel.dedup(call)
    isDeduplicated = true
  }

  private func release(_ dedup: UnsafeMutablePointer<dmt_dedup>) {
    dedup.pointee.rows?.deallocate()
    dedup.pointee.starts?.deallocate()
    dedup.pointee.order?.deallocate()
    dedup.pointee.bags?.deallocate()
  }
}
