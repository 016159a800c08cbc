import CDMTPlugin
import DMTCore

/// The arguments of one embedding call, checked where they are read.
struct EmbeddingCall {
  let call: dmt_embedding_call
  let plan: EmbeddingPlan
  let batch: Int

  init(_ call: UnsafePointer<dmt_embedding_call>, _ plan: EmbeddingPlan) throws(DMTError) {
    guard Int(call.pointee.struct_size) >= MemoryLayout<dmt_embedding_call>.size else {
      throw DMTError(
        .invalidArgument,
        "the embedding kernel was called with a struct of \(call.pointee.struct_size) bytes, expected "
          + "\(MemoryLayout<dmt_embedding_call>.size)")
    }
    self.call = call.pointee
    self.plan = plan
    guard call.pointee.batch >= 0, call.pointee.batch <= Int64(Int32.max) else {
      throw DMTError(.invalidArgument, "the embedding kernel was called with a batch of \(call.pointee.batch)")
    }
    batch = Int(call.pointee.batch)
  }

  /// The bags of feature `index`.
  func bags(_ index: Int) throws(DMTError) -> Bags {
    guard let features = call.features else { throw missing("its features") }
    let jagged = features[index]
    let count = Int(jagged.value_count)
    guard count >= 0, count == 0 || jagged.values != nil else { throw missing("the row numbers of feature \(index)") }
    let offsets = jagged.offsets
    guard offsets != nil || count == batch else {
      throw DMTError(
        .invalidArgument, "feature \(index) has \(count) row numbers and no offsets, expected one for each of \(batch)")
    }
    if let offsets {
      for bag in 0..<batch where offsets[bag] > offsets[bag + 1] {
        throw DMTError(.invalidArgument, "the offsets of feature \(index) fall behind bag \(bag)")
      }
      guard offsets[0] == 0, offsets[batch] == jagged.value_count else {
        throw DMTError(
          .invalidArgument,
          "the offsets of feature \(index) go from \(offsets[0]) to \(offsets[batch]), expected 0 to \(count)")
      }
    }
    let feature = plan.features[index]
    guard jagged.weights == nil || feature.pooling == .sum else {
      throw DMTError(
        .invalidArgument, "feature \(index) has weights and is pooled by mean",
        remedy: "pool it by sum, or leave out the weights")
    }
    let rows = Int64(plan.tables[feature.table].rows)
    let bags = Bags(
      values: jagged.values, offsets: offsets, weights: jagged.weights, count: count, pooling: feature.pooling)
    for place in 0..<count where bags.row(place) < 0 || bags.row(place) >= rows {
      throw DMTError(
        .invalidData, "feature \(index) names row \(bags.row(place)) of a table with \(rows) rows")
    }
    return bags
  }

  /// Memory of `list[index]`, or an error that calls it `what`.
  func memory<Scalar>(
    _ list: UnsafePointer<UnsafeMutableRawPointer?>?, _ index: Int, _ what: String, as _: Scalar.Type
  ) throws(DMTError) -> UnsafeMutablePointer<Scalar> {
    guard let memory = list?[index] else { throw missing("\(what) \(index)") }
    return memory.assumingMemoryBound(to: Scalar.self)
  }

  /// Where the pooled bags of feature `index` begin, and the elements from one sample to the next.
  func output<Scalar>(
    _ index: Int, as _: Scalar.Type
  ) throws(DMTError) -> (base: UnsafeMutablePointer<Scalar>, stride: Int) {
    let feature = plan.features[index]
    guard let strides = call.output_strides else { throw missing("the strides of its outputs") }
    let memory = try memory(call.outputs, feature.output, "output", as: Scalar.self)
    return (memory + feature.column, Int(strides[feature.output]))
  }

  /// The distinct rows of table `index`.
  func dedup(_ index: Int) throws(DMTError) -> UnsafeMutablePointer<dmt_dedup> {
    guard let dedup = call.dedups?[index] else { throw missing("the distinct rows of table \(index)") }
    return dedup
  }

  /// An error about an argument that is NULL.
  func missing(_ what: String) -> DMTError {
    DMTError(.invalidArgument, "the embedding kernel was called without \(what)")
  }
}

/// The bags of one feature.
struct Bags {
  let values: UnsafePointer<Int64>?
  let offsets: UnsafePointer<Int64>?
  let weights: UnsafePointer<Float>?
  /// Row numbers in all bags.
  let count: Int
  let pooling: Pooling

  /// The row number at place `place` of all bags; `place` is below ``count``, so there are values.
  @inline(__always) func row(_ place: Int) -> Int64 { values?[place] ?? 0 }

  /// The places of the row numbers of bag `bag`.
  @inline(__always) func places(_ bag: Int) -> Range<Int> {
    guard let offsets else { return bag..<bag + 1 }
    return Int(offsets[bag])..<Int(offsets[bag + 1])
  }

  /// What the row at place `place` of bag `bag` is multiplied by.
  @inline(__always) func factor(_ place: Int, bag: Int) -> Double {
    if let weights { return Double(weights[place]) }
    return pooling == .mean ? 1 / Double(places(bag).count) : 1
  }
}
