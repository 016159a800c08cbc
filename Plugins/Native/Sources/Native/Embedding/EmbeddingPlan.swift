internal import CDMTPlugin

/// `dmt.embedding/1`: all tables of a rank, bound once.
final class EmbeddingPlan {
  let parallel: Parallel
  let tableCount: Int
  let featureCount: Int
  let outputCount: Int
  let settings: OptimizerSettings?
  /// Memory that lives as long as the plan, so that a call works with plain pointers.
  let tables: UnsafeMutablePointer<dmt_table>
  let features: UnsafeMutablePointer<dmt_feature>
  /// Features of table t: featureOrder[featureStarts[t]] ..< featureOrder[featureStarts[t + 1]], as in the request.
  let featureStarts: UnsafeMutablePointer<Int>
  let featureOrder: UnsafeMutablePointer<Int>
  /// A table has one feature that is summed: its rows' gradients are rows of the output's gradient, where they are not
  /// weighted.
  let widestRow: Int

  init(_ raw: UnsafePointer<dmt_embedding_request>) throws(Failure) {
    let request = raw.pointee
    guard request.dtype.code == UInt8(DMT_DTYPE_FLOAT), request.dtype.bits == 32, request.dtype.lanes == 1 else {
      throw .unserved("tables are not float32, the only type of these kernels")
    }
    guard request.table_count >= 0, request.feature_count >= 0, request.output_count >= 0,
      request.table_count == 0 || request.tables != nil, request.feature_count == 0 || request.features != nil
    else { throw .invalid("tables or features are missing") }
    var widest = 1
    for index in 0..<Int(request.table_count) {
      let table = request.tables[index]
      guard table.rows >= 0, table.dim >= 1 else {
        throw .invalid("table \(index) has \(table.rows) rows of \(table.dim), expected at least 0 rows of at least 1")
      }
      guard table.rows <= Int64(UInt32.max) else {
        throw .unserved("table \(index) has \(table.rows) rows, more than 2^32 - 1")
      }
      widest = max(widest, Int(table.dim))
    }
    for index in 0..<Int(request.feature_count) {
      let feature = request.features[index]
      guard feature.table >= 0, feature.table < request.table_count, feature.output >= 0,
        feature.output < request.output_count, feature.column >= 0
      else {
        throw .invalid(
          "feature \(index) names table \(feature.table), output \(feature.output) and column \(feature.column); "
            + "there are \(request.table_count) tables and \(request.output_count) outputs")
      }
      guard feature.pooling == DMT_POOLING_SUM || feature.pooling == DMT_POOLING_MEAN else {
        throw .unserved("feature \(index) has the unknown pooling \(feature.pooling)")
      }
    }
    if request.optimizer.size > 0 {
      let settings = try OptimizerSettings(
        name: request.optimizer.string, NamedAttributes(request.optimizer_attributes))
      switch settings.kind {
      case .sgd, .adagrad, .rowwiseAdagrad, .lazyAdam: self.settings = settings
      case .momentum, .nesterov: throw .unserved("sgd with momentum on the rows of a batch alone")
      case .adam, .adamw: throw .unserved("\(request.optimizer.string) on the rows of a batch alone; see lazy_adam")
      }
    } else {
      settings = nil
    }
    parallel = Parallel(threads: request.threads)
    tableCount = Int(request.table_count)
    featureCount = Int(request.feature_count)
    outputCount = Int(request.output_count)
    widestRow = widest
    tables = .allocate(capacity: max(1, tableCount))
    features = .allocate(capacity: max(1, featureCount))
    featureStarts = .allocate(capacity: tableCount + 1)
    featureOrder = .allocate(capacity: max(1, featureCount))
    for index in 0..<tableCount { tables[index] = request.tables[index] }
    for index in 0..<featureCount { features[index] = request.features[index] }
    var next = 0
    for table in 0..<tableCount {
      featureStarts[table] = next
      for index in 0..<featureCount where Int(features[index].table) == table {
        featureOrder[next] = index
        next += 1
      }
    }
    featureStarts[tableCount] = next
  }

  deinit {
    tables.deallocate()
    features.deallocate()
    featureStarts.deallocate()
    featureOrder.deallocate()
  }

  /// Bytes that any call needs: for dedup its sorting areas, for the update one row for every worker.
  func scratchBytes(batch: Int, values: Int) -> Int {
    let values = max(0, values)
    let sorting = values * Dedup.bytesPerValue + (parallel.workers + tableCount) * Dedup.bytesPerWorker
    let rows = parallel.workers * wholeLines(widestRow) * MemoryLayout<Float>.stride
    return max(sorting, rows) + (tableCount + 8) * MemoryLayout<Int>.stride + 256
  }

  /// What a call lacks for reading the features and outputs, or nil.
  func check(_ call: dmt_embedding_call) -> StaticString? {
    guard call.batch >= 0, call.batch <= Int64(Int32.max) else { return "the batch is negative or too large" }
    if featureCount == 0 { return nil }
    guard let jagged = call.features else { return "the features are NULL" }
    for index in 0..<featureCount {
      let feature = jagged[index]
      guard feature.value_count >= 0, feature.value_count <= Int64(Int32.max) else {
        return "a feature has a negative or too large number of values"
      }
      if feature.value_count > 0, feature.values == nil { return "the values of a feature are NULL" }
      if feature.offsets == nil, feature.value_count != call.batch {
        return "a feature without offsets has not one value a bag"
      }
      if features[index].pooling == DMT_POOLING_MEAN, feature.weights != nil {
        return "mean pooling takes no weights"
      }
    }
    return nil
  }

  /// What a call lacks for reading or writing the outputs, or nil.
  func checkOutputs(_ call: dmt_embedding_call) -> StaticString? {
    if featureCount == 0 || call.batch == 0 { return nil }
    guard let outputs = call.outputs, let strides = call.output_strides else { return "the outputs are NULL" }
    for index in 0..<featureCount {
      let feature = features[index]
      guard outputs[Int(feature.output)] != nil else { return "an output is NULL" }
      guard strides[Int(feature.output)] >= feature.column + Int64(tables[Int(feature.table)].dim) else {
        return "an output's stride is smaller than its columns"
      }
    }
    return nil
  }
}
