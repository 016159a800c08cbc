internal import CDMTPlugin

/// Pools every bag of every feature into the outputs.
enum Lookup {
  /// Samples that a thread pools between two looks at the queue.
  private static let samplesPerItem = 64

  private struct Job: BitwiseCopyable {
    let batch: Int
    let items: Int
    let features: UnsafePointer<dmt_feature>
    let tables: UnsafePointer<dmt_table>
    let jagged: UnsafePointer<dmt_jagged>
    let weights: UnsafePointer<UnsafeMutableRawPointer?>
    let outputs: UnsafePointer<UnsafeMutableRawPointer?>
    let strides: UnsafePointer<Int64>
  }

  static func run(_ plan: EmbeddingPlan, _ call: dmt_embedding_call) -> StaticString? {
    let batch = Int(call.batch)
    if batch == 0 || plan.featureCount == 0 { return nil }
    guard let jagged = call.features, let weights = call.tables, let outputs = call.outputs,
      let strides = call.output_strides
    else { return "forward: tables or outputs are NULL" }
    for index in 0..<plan.featureCount where jagged[index].value_count > 0 {
      if weights[Int(plan.features[index].table)] == nil { return "forward: a table is NULL" }
    }
    let items = (batch + samplesPerItem - 1) / samplesPerItem
    let job = Job(
      batch: batch, items: items, features: plan.features, tables: plan.tables, jagged: jagged, weights: weights,
      outputs: outputs, strides: strides)
    plan.parallel.run(job, count: plan.featureCount * items, grain: 1) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      for item in Int(begin)..<Int(end) {
        Lookup.pool(job, item / job.items, (item % job.items) &* Lookup.samplesPerItem)
      }
    }
    return nil
  }

  private static func pool(_ job: Job, _ index: Int, _ first: Int) {
    let feature = job.features[index]
    let jagged = job.jagged[index]
    let dim = Int(job.tables[Int(feature.table)].dim)
    guard let output = job.outputs[Int(feature.output)] else { return }
    let stride = Int(job.strides[Int(feature.output)])
    let target = output.assumingMemoryBound(to: Float.self) + Int(feature.column)
    let last = min(job.batch, first &+ samplesPerItem)
    guard let table = job.weights[Int(feature.table)]?.assumingMemoryBound(to: Float.self) else {
      // A table without values in this batch: all bags are empty.
      for sample in first..<last { (target + sample &* stride).update(repeating: 0, count: dim) }
      return
    }
    let isMean = feature.pooling == DMT_POOLING_MEAN
    for sample in first..<last {
      let from = jagged.offsets.map { Int($0[sample]) } ?? sample
      let to = jagged.offsets.map { Int($0[sample &+ 1]) } ?? sample &+ 1
      let bag = Bag(
        table: UnsafePointer(table), dim: dim, values: jagged.values, first: from, last: to, weights: jagged.weights,
        factor: isMean && to > from ? 1 / Float(to &- from) : 1)
      bag.pool(to: target + sample &* stride)
    }
  }
}

/// The row numbers of one bag.
private struct Bag {
  let table: UnsafePointer<Float>
  let dim: Int
  let values: UnsafePointer<Int64>?
  let first: Int
  let last: Int
  let weights: UnsafePointer<Float>?
  /// 1, or for a mean 1 / length.
  let factor: Float

  @inline(__always)
  func pool(to target: UnsafeMutablePointer<Float>) {
    guard let values, last > first else {
      target.update(repeating: 0, count: dim)
      return
    }
    if last &- first == 1, weights == nil {
      copy(from: table + Int(values[first]) &* dim, to: target)
      return
    }
    var column = 0
    #if DMT_ISA_V4
      while column &+ 64 <= dim { column = four(SIMD16<Float>.self, values, column, target) }
      while column &+ 16 <= dim { column = one(SIMD16<Float>.self, values, column, target) }
    #endif
    #if DMT_ISA_V3
      while column &+ 32 <= dim { column = four(SIMD8<Float>.self, values, column, target) }
    #endif
    #if DMT_ISA_V4 || DMT_ISA_V3
      while column &+ 8 <= dim { column = one(SIMD8<Float>.self, values, column, target) }
    #else
      while column &+ 16 <= dim { column = four(SIMD4<Float>.self, values, column, target) }
    #endif
    while column &+ 4 <= dim { column = one(SIMD4<Float>.self, values, column, target) }
    while column < dim {
      var sum: Float = 0
      for place in first..<last {
        let value = table[Int(values[place]) &* dim &+ column]
        sum += weights.map { $0[place] * value } ?? value
      }
      target[column] = sum * factor
      column &+= 1
    }
  }

  @inline(__always)
  private func copy(from row: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>) {
    var column = 0
    while column &+ Lane.width <= dim {
      Lane.load(row + column).store(target + column)
      column &+= Lane.width
    }
    while column &+ 4 <= dim {
      let four = UnsafeRawPointer(row + column).loadUnaligned(as: SIMD4<Float>.self)
      UnsafeMutableRawPointer(target + column).storeBytes(of: four, as: SIMD4<Float>.self)
      column &+= 4
    }
    while column < dim {
      target[column] = row[column]
      column &+= 1
    }
  }

  /// Pools one register of columns; the next column.
  @inline(__always)
  private func one<Vector: SIMD>(
    _: Vector.Type, _ values: UnsafePointer<Int64>, _ column: Int, _ target: UnsafeMutablePointer<Float>
  ) -> Int where Vector.Scalar == Float {
    var sum = Vector()
    for place in first..<last {
      let row = table + (Int(values[place]) &* dim &+ column)
      let value = UnsafeRawPointer(row).loadUnaligned(as: Vector.self)
      sum += weights.map { value * Vector(repeating: $0[place]) } ?? value
    }
    UnsafeMutableRawPointer(target + column).storeBytes(of: sum * Vector(repeating: factor), as: Vector.self)
    return column &+ Vector.scalarCount
  }

  /// Pools four registers of columns; the next column.
  @inline(__always)
  private func four<Vector: SIMD>(
    _: Vector.Type, _ values: UnsafePointer<Int64>, _ column: Int, _ target: UnsafeMutablePointer<Float>
  ) -> Int where Vector.Scalar == Float {
    let width = Vector.scalarCount
    var sum0 = Vector()
    var sum1 = Vector()
    var sum2 = Vector()
    var sum3 = Vector()
    for place in first..<last {
      let row = UnsafeRawPointer(table + (Int(values[place]) &* dim &+ column))
      let weight = Vector(repeating: weights.map { $0[place] } ?? 1)
      sum0 += row.loadUnaligned(as: Vector.self) * weight
      sum1 += row.loadUnaligned(fromByteOffset: 4 &* width, as: Vector.self) * weight
      sum2 += row.loadUnaligned(fromByteOffset: 8 &* width, as: Vector.self) * weight
      sum3 += row.loadUnaligned(fromByteOffset: 12 &* width, as: Vector.self) * weight
    }
    let to = UnsafeMutableRawPointer(target + column)
    let factor = Vector(repeating: factor)
    to.storeBytes(of: sum0 * factor, as: Vector.self)
    to.storeBytes(of: sum1 * factor, toByteOffset: 4 &* width, as: Vector.self)
    to.storeBytes(of: sum2 * factor, toByteOffset: 8 &* width, as: Vector.self)
    to.storeBytes(of: sum3 * factor, toByteOffset: 12 &* width, as: Vector.self)
    return column &+ 4 &* width
  }
}
