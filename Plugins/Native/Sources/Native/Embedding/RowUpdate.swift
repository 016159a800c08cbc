internal import CDMTPlugin

/// Walks the touched rows of all tables with their summed gradients: to update them, or to write the gradients down.
///
/// A row's gradient is summed in the order of its occurrences, so it does not depend on the number of threads.
struct RowUpdate: BitwiseCopyable {
  private let batch: Int
  private let rule: OptimizerRule?
  private let gradientScale: Float
  private let stateCount: Int
  private let tableCount: Int
  private let tables: UnsafePointer<dmt_table>
  private let features: UnsafePointer<dmt_feature>
  private let featureStarts: UnsafePointer<Int>
  private let featureOrder: UnsafePointer<Int>
  private let jagged: UnsafePointer<dmt_jagged>
  private let weights: UnsafePointer<UnsafeMutableRawPointer?>?
  private let outputs: UnsafePointer<UnsafeMutableRawPointer?>
  private let strides: UnsafePointer<Int64>
  private let dedups: UnsafePointer<UnsafeMutablePointer<dmt_dedup>?>
  private let states: UnsafePointer<UnsafeMutableRawPointer?>?
  private let results: UnsafePointer<UnsafeMutableRawPointer?>?
  /// The first item of every table, and their number.
  private let itemStarts: UnsafeMutablePointer<Int>
  private let sums: UnsafeMutablePointer<Float>
  private let sumFloats: Int

  /// Distinct rows that a thread handles between two looks at the queue.
  private static let rowsPerItem = 32

  /// Updates the touched rows; what is missing, or nil.
  static func update(_ plan: EmbeddingPlan, _ call: dmt_embedding_call) -> StaticString? {
    guard let settings = plan.settings else { return "update: the tables were bound without an optimizer" }
    guard call.step >= 1 else { return "update: steps count from 1" }
    let rule = OptimizerRule(
      settings, learningRate: call.learning_rate, gradientScale: call.gradient_scale, step: call.step)
    return run(plan, call, rule, settings.stateCount)
  }

  /// Writes the summed gradients of the touched rows; what is missing, or nil.
  static func rowGradients(_ plan: EmbeddingPlan, _ call: dmt_embedding_call) -> StaticString? {
    run(plan, call, nil, 0)
  }

  private static func run(
    _ plan: EmbeddingPlan, _ call: dmt_embedding_call, _ rule: OptimizerRule?, _ stateCount: Int
  ) -> StaticString? {
    if plan.tableCount == 0 { return nil }
    guard let dedups = call.dedups else { return "the distinct rows are NULL" }
    guard let scratch = call.scratch else { return "scratch is NULL" }
    let itemStarts = scratch.assumingMemoryBound(to: Int.self)
    var items = 0
    for table in 0..<plan.tableCount {
      itemStarts[table] = items
      guard let dedup = dedups[table] else { return "the distinct rows of a table are NULL" }
      let count = dedup.pointee.count
      if count == 0 { continue }
      guard count > 0, count <= dedup.pointee.capacity, dedup.pointee.rows != nil, dedup.pointee.starts != nil,
        dedup.pointee.order != nil, dedup.pointee.bags != nil
      else { return "a buffer of the distinct rows is NULL, or their count is wrong" }
      if rule == nil {
        if call.row_gradients?[table] == nil { return "the row gradients of a table are NULL" }
      } else {
        if call.tables?[table] == nil { return "update: a table is NULL" }
        for state in 0..<stateCount where call.states?[table * stateCount + state] == nil {
          return "update: a state of the optimizer is NULL"
        }
      }
      items += (Int(count) + rowsPerItem - 1) / rowsPerItem
    }
    itemStarts[plan.tableCount] = items
    if items == 0 { return nil }
    guard let jagged = call.features, let outputs = call.outputs, let strides = call.output_strides else {
      return "the features or the gradients of the outputs are NULL"
    }
    let memory = UnsafeMutableRawPointer(itemStarts + plan.tableCount + 1).alignedUp(toMultipleOf: 64)
    let job = RowUpdate(
      batch: Int(call.batch), rule: rule, gradientScale: Float(call.gradient_scale), stateCount: stateCount,
      tableCount: plan.tableCount, tables: plan.tables, features: plan.features, featureStarts: plan.featureStarts,
      featureOrder: plan.featureOrder, jagged: jagged, weights: call.tables, outputs: outputs, strides: strides,
      dedups: dedups, states: call.states, results: call.row_gradients, itemStarts: itemStarts,
      sums: memory.assumingMemoryBound(to: Float.self), sumFloats: wholeLines(plan.widestRow))
    plan.parallel.run(job, count: items, grain: 1) { context, begin, end, worker in
      let job = context.job(RowUpdate.self).pointee
      let sum = job.sums + Int(worker) &* job.sumFloats
      var table = 0
      for item in Int(begin)..<Int(end) {
        while job.itemStarts[table &+ 1] <= item { table &+= 1 }
        job.walk(table, (item &- job.itemStarts[table]) &* RowUpdate.rowsPerItem, sum)
      }
    }
    return nil
  }

  /// The distinct rows from place `first` on.
  private func walk(_ table: Int, _ first: Int, _ sum: UnsafeMutablePointer<Float>) {
    guard let dedup = dedups[table]?.pointee, let rows = dedup.rows, let starts = dedup.starts else { return }
    let dim = Int(tables[table].dim)
    let last = min(Int(dedup.count), first &+ RowUpdate.rowsPerItem)
    let isPlain = isPlain(table)
    for place in first..<last {
      let (from, to) = (Int(starts[place]), Int(starts[place &+ 1]))
      let gradient = gradient(table, dedup, from, to, dim, isPlain, sum)
      if let rule {
        apply(rule, table, Int(rows[place]), dim, gradient)
      } else if let result = results?[table]?.assumingMemoryBound(to: Float.self) {
        let scale = Lane(repeating: gradientScale)
        mapElements(dim, gradient, result + place &* dim) { $0 * scale }
      }
    }
  }

  @inline(__always)
  private func apply(
    _ rule: OptimizerRule, _ table: Int, _ row: Int, _ dim: Int, _ gradient: UnsafePointer<Float>
  ) {
    guard let base = weights?[table]?.assumingMemoryBound(to: Float.self) else { return }
    let weights = base + row &* dim
    let stride = rule.kind == .rowwiseAdagrad ? 1 : dim
    func state(_ index: Int) -> UnsafeMutablePointer<Float> {
      guard index < stateCount, let state = states?[table &* stateCount &+ index] else { return weights }
      return state.assumingMemoryBound(to: Float.self) + row &* stride
    }
    rule.apply(dim, weights, gradient, state(0), state(1))
  }

  /// No occurrence of the table has a factor: gradients are sums of rows of the outputs' gradients.
  private func isPlain(_ table: Int) -> Bool {
    for place in featureStarts[table]..<featureStarts[table &+ 1] {
      let index = featureOrder[place]
      if features[index].pooling == DMT_POOLING_MEAN || jagged[index].weights != nil { return false }
    }
    return true
  }

  /// The gradient of the row with entries from ..< to: in place when there is one without a factor, else summed.
  @inline(__always)
  private func gradient(
    _ table: Int, _ dedup: dmt_dedup, _ from: Int, _ to: Int, _ dim: Int, _ isPlain: Bool,
    _ sum: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    guard let bags = dedup.bags, let order = dedup.order else { return UnsafePointer(sum) }
    if isPlain {
      let first = source(table, Int(bags[from]))
      if to &- from == 1 { return first }
      let second = source(table, Int(bags[from &+ 1]))
      mapElements(dim, first, second, sum) { $0 + $1 }
      for entry in (from &+ 2)..<max(from &+ 2, to) {
        mapElements(dim, UnsafePointer(sum), source(table, Int(bags[entry])), sum) { $0 + $1 }
      }
      return UnsafePointer(sum)
    }
    sum.update(repeating: 0, count: dim)
    for entry in from..<to {
      let bag = Int(bags[entry])
      let factor = Lane(repeating: factor(table, bag, Int(order[entry])))
      mapElements(dim, UnsafePointer(sum), source(table, bag), sum) { $0.adding($1, times: factor) }
    }
    return UnsafePointer(sum)
  }

  /// The gradient of a bag of the table.
  @inline(__always)
  private func source(_ table: Int, _ bag: Int) -> UnsafePointer<Float> {
    let (position, sample) = batch == 0 ? (0, 0) : bag.quotientAndRemainder(dividingBy: batch)
    let feature = features[featureOrder[featureStarts[table] &+ position]]
    guard let output = outputs[Int(feature.output)]?.assumingMemoryBound(to: Float.self) else {
      return UnsafePointer(sums)
    }
    return UnsafePointer(output) + (sample &* Int(strides[Int(feature.output)]) &+ Int(feature.column))
  }

  /// What the occurrence's row was multiplied by in forward.
  @inline(__always)
  private func factor(_ table: Int, _ bag: Int, _ occurrence: Int) -> Float {
    let (position, sample) = bag.quotientAndRemainder(dividingBy: batch)
    let index = featureOrder[featureStarts[table] &+ position]
    if let weights = jagged[index].weights {
      var value = occurrence
      for place in featureStarts[table]..<(featureStarts[table] &+ position) {
        value &-= Int(jagged[featureOrder[place]].value_count)
      }
      return weights[value]
    }
    guard features[index].pooling == DMT_POOLING_MEAN, let offsets = jagged[index].offsets else { return 1 }
    return 1 / Float(offsets[sample &+ 1] &- offsets[sample])
  }
}
