import CDMTPlugin
import DMTCore

/// All tables of a rank. Not generic itself, for the reason given at ``ReferenceKernel``.
final class ReferenceEmbeddingKernel: EmbeddingKernel {
  private typealias Body = (EmbeddingCall) throws(DMTError) -> Void

  private let plan: EmbeddingPlan
  private let forwardBody: Body
  private let updateBody: Body
  private let rowGradientsBody: Body

  init<Scalar: ReferenceScalar>(_ plan: EmbeddingPlan, _: Scalar.Type) {
    self.plan = plan
    let pass = EmbeddingPass<Scalar>()
    forwardBody = { call throws(DMTError) in try pass.forward(call) }
    updateBody = { call throws(DMTError) in try pass.update(call) }
    rowGradientsBody = { call throws(DMTError) in try pass.rowGradients(call) }
  }

  func scratchBytes(batch: Int, values: Int) -> Int {
    let gradient = plan.widestRow * MemoryLayout<Double>.size
    return max(Deduplication.scratchBytes(values: max(values, 0)), gradient)
  }

  func forward(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try forwardBody(try EmbeddingCall(call, plan))
  }

  func update(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try updateBody(try EmbeddingCall(call, plan))
  }

  func rowGradients(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try rowGradientsBody(try EmbeddingCall(call, plan))
  }

  func dedup(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    let call = try EmbeddingCall(call, plan)
    for table in plan.tables.indices {
      let dedup = try call.dedup(table)
      var count = 0
      for feature in plan.featuresOfTable[table] { count += try call.bags(feature).count }
      guard count <= Int(dedup.pointee.capacity), count < Int(Int32.max) else {
        throw DMTError(
          .invalidArgument, "table \(table) has \(count) occurrences, more than its capacity \(dedup.pointee.capacity)")
      }
      guard plan.featuresOfTable[table].count * call.batch <= Int(Int32.max) else {
        throw DMTError(.invalidArgument, "table \(table) has more than \(Int32.max) bags")
      }
      guard count > 0 else {
        dedup.pointee.count = 0
        dedup.pointee.starts?[0] = 0
        continue
      }
      guard let scratch = call.call.scratch else { throw call.missing("its scratch memory") }
      let work = Deduplication(scratch: scratch, values: count)
      var occurrence = 0
      for (place, feature) in plan.featuresOfTable[table].enumerated() {
        let bags = try call.bags(feature)
        for bag in 0..<call.batch {
          for value in bags.places(bag) {
            work.rows[occurrence] = bags.row(value)
            work.bags[occurrence] = Int32(place * call.batch + bag)
            occurrence += 1
          }
        }
      }
      try work.fill(dedup, count: count)
    }
  }
}

/// The formulas of one call, for one element type.
private struct EmbeddingPass<Scalar: ReferenceScalar> {
  /// output[b] = sum over the bag of factor * row.
  func forward(_ call: EmbeddingCall) throws(DMTError) {
    guard call.batch > 0 else { return }
    for (index, feature) in call.plan.features.enumerated() {
      let bags = try call.bags(index)
      let dim = call.plan.tables[feature.table].dim
      let table = bags.count == 0 ? nil : try call.memory(call.call.tables, feature.table, "table", as: Scalar.self)
      let output = try call.output(index, as: Scalar.self)
      for bag in 0..<call.batch {
        let places = bags.places(bag)
        for column in 0..<dim {
          var sum = 0.0
          if let table {
            for place in places {
              let value = table[Int(bags.row(place)) * dim + column].double
              sum += bags.weights.map { Double($0[place]) * value } ?? value
            }
          }
          if bags.pooling == .mean, !places.isEmpty { sum /= Double(places.count) }
          output.base[bag * output.stride + column] = Scalar(sum)
        }
      }
    }
  }

  func update(_ call: EmbeddingCall) throws(DMTError) {
    guard let settings = call.plan.settings else {
      throw DMTError(.invalidArgument, "the tables were bound without an optimizer and cannot be updated")
    }
    guard call.call.step >= 1 else {
      throw DMTError(.invalidArgument, "update was called for step \(call.call.step); steps count from 1")
    }
    let rule = RowRule<Scalar>(settings, learningRate: call.call.learning_rate, step: call.call.step)
    let stateCount = call.plan.stateCount
    for table in call.plan.tables.indices where try call.dedup(table).pointee.count > 0 {
      let dim = call.plan.tables[table].dim
      let weights = try call.memory(call.call.tables, table, "table", as: Scalar.self)
      let first = stateCount < 1 ? nil : try call.memory(call.call.states, table * stateCount, "state", as: Scalar.self)
      let second =
        stateCount < 2 ? nil : try call.memory(call.call.states, table * stateCount + 1, "state", as: Scalar.self)
      try forEachRow(table, call) { _, row, gradient in
        rule.update(row: row, dim: dim, weights: weights, gradient: gradient, states: (first, second))
      }
    }
  }

  func rowGradients(_ call: EmbeddingCall) throws(DMTError) {
    for table in call.plan.tables.indices where try call.dedup(table).pointee.count > 0 {
      let dim = call.plan.tables[table].dim
      let target = try call.memory(call.call.row_gradients, table, "the row gradients of table", as: Scalar.self)
      try forEachRow(table, call) { place, _, gradient in
        for column in 0..<dim { target[place * dim + column] = Scalar(gradient[column]) }
      }
    }
  }

  /// Calls `body` with the place, the row and the summed, scaled gradient of every distinct row of `table`.
  private func forEachRow(
    _ table: Int, _ call: EmbeddingCall, _ body: (Int, Int, UnsafeMutablePointer<Double>) -> Void
  ) throws(DMTError) {
    let dedup = try call.dedup(table).pointee
    let dim = call.plan.tables[table].dim
    let features = call.plan.featuresOfTable[table]
    guard let rows = dedup.rows, let starts = dedup.starts, let order = dedup.order, let bags = dedup.bags else {
      throw call.missing("the buffers of the distinct rows of table \(table)")
    }
    guard dim > 0 else { return }
    guard let scratch = call.call.scratch else { throw call.missing("its scratch memory") }
    let gradient = scratch.assumingMemoryBound(to: Double.self)
    for place in 0..<Int(dedup.count) {
      let row = Int(rows[place])
      guard row >= 0, row < call.plan.tables[table].rows else {
        throw DMTError(.invalidData, "table \(table) has no row \(row); it has \(call.plan.tables[table].rows)")
      }
      gradient.update(repeating: 0, count: dim)
      for entry in Int(starts[place])..<max(Int(starts[place + 1]), Int(starts[place])) {
        let (position, bag) = Int(bags[entry]).quotientAndRemainder(dividingBy: max(call.batch, 1))
        guard features.indices.contains(position) else {
          throw DMTError(.invalidArgument, "the distinct rows of table \(table) are of another batch size")
        }
        let factor = try factor(of: Int(order[entry]), in: features, at: position, bag: bag, call)
        let output = try call.output(features[position], as: Scalar.self)
        for column in 0..<dim {
          gradient[column] += factor * output.base[bag * output.stride + column].double
        }
      }
      for column in 0..<dim { gradient[column] *= call.call.gradient_scale }
      body(place, row, gradient)
    }
  }

  /// What occurrence `occurrence` of a table multiplied its row by in forward.
  private func factor(
    of occurrence: Int, in features: [Int], at position: Int, bag: Int, _ call: EmbeddingCall
  ) throws(DMTError) -> Double {
    guard let jagged = call.call.features else { throw call.missing("its features") }
    let feature = jagged[features[position]]
    let pooling = call.plan.features[features[position]].pooling
    let bags = Bags(
      values: feature.values, offsets: feature.offsets, weights: feature.weights, count: Int(feature.value_count),
      pooling: pooling)
    var place = occurrence
    for earlier in features[..<position] { place -= Int(jagged[earlier].value_count) }
    guard bags.places(bag).contains(place) else {
      throw DMTError(.invalidArgument, "the distinct rows are not those of this batch's features")
    }
    return bags.factor(place, bag: bag)
  }
}
