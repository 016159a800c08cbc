internal import CDMTPlugin

/// Finds the distinct rows of every table: a stable radix sort of (row, occurrence), one table a thread.
enum Dedup {
  private static let digitBits = 11
  private static let buckets = 1 << digitBits

  /// Two areas of (row, occurrence) pairs and one of bag numbers.
  static var bytesPerValue: Int { 2 * MemoryLayout<UInt64>.stride + MemoryLayout<Int32>.stride }
  /// A histogram, rounded up.
  static var bytesPerWorker: Int { buckets * MemoryLayout<UInt32>.stride + 64 }

  private struct Job: BitwiseCopyable {
    let batch: Int
    let tableCount: Int
    let tables: UnsafePointer<dmt_table>
    let featureStarts: UnsafePointer<Int>
    let featureOrder: UnsafePointer<Int>
    let jagged: UnsafePointer<dmt_jagged>
    let dedups: UnsafePointer<UnsafeMutablePointer<dmt_dedup>?>
    let histograms: UnsafeMutablePointer<UInt32>
    let pairs: UnsafeMutablePointer<UInt64>
    let firstPairs: UnsafeMutablePointer<Int>
  }

  static func run(_ plan: EmbeddingPlan, _ call: dmt_embedding_call) -> StaticString? {
    if plan.tableCount == 0 { return nil }
    guard let dedups = call.dedups else { return "dedup: the answers are NULL" }
    guard let scratch = call.scratch else { return "dedup: scratch is NULL" }
    var total = 0
    let firstPairs = scratch.assumingMemoryBound(to: Int.self)
    for table in 0..<plan.tableCount {
      var count = 0
      for place in plan.featureStarts[table]..<plan.featureStarts[table + 1] {
        count += Int(call.features?[plan.featureOrder[place]].value_count ?? 0)
      }
      guard let dedup = dedups[table] else { return "dedup: the answer of a table is NULL" }
      let features = plan.featureStarts[table + 1] - plan.featureStarts[table]
      guard Int64(count) <= dedup.pointee.capacity, count < Int(Int32.max) else {
        return "dedup: a table has more occurrences than its capacity"
      }
      guard Int64(features) * call.batch <= Int64(Int32.max) else { return "dedup: a table has more than 2^31 bags" }
      if count > 0 {
        guard dedup.pointee.rows != nil, dedup.pointee.starts != nil, dedup.pointee.order != nil,
          dedup.pointee.bags != nil
        else { return "dedup: a buffer of a table is NULL" }
      }
      firstPairs[table] = total
      total += count
    }
    firstPairs[plan.tableCount] = total
    var memory = UnsafeMutableRawPointer(firstPairs + plan.tableCount + 1).alignedUp(toMultipleOf: 64)
    let histograms = memory.assumingMemoryBound(to: UInt32.self)
    memory = (memory + plan.parallel.workers * bytesPerWorker).alignedUp(toMultipleOf: 64)
    guard let jagged = call.features else {
      for table in 0..<plan.tableCount { clear(dedups[table]) }
      return nil
    }
    let job = Job(
      batch: Int(call.batch), tableCount: plan.tableCount, tables: plan.tables, featureStarts: plan.featureStarts,
      featureOrder: plan.featureOrder, jagged: jagged, dedups: dedups, histograms: histograms,
      pairs: memory.assumingMemoryBound(to: UInt64.self), firstPairs: firstPairs)
    plan.parallel.run(job, count: plan.tableCount) { context, begin, end, worker in
      let job = context.job(Job.self).pointee
      let histogram = UnsafeMutableRawPointer(job.histograms) + Int(worker) &* Dedup.bytesPerWorker
      for table in Int(begin)..<Int(end) {
        Dedup.sort(job, table, histogram.assumingMemoryBound(to: UInt32.self))
      }
    }
    return nil
  }

  private static func clear(_ dedup: UnsafeMutablePointer<dmt_dedup>?) {
    dedup?.pointee.count = 0
    if let starts = dedup?.pointee.starts { starts[0] = 0 }
  }

  private static func sort(_ job: Job, _ table: Int, _ histogram: UnsafeMutablePointer<UInt32>) {
    guard let answer = job.dedups[table] else { return }
    let first = job.firstPairs[table]
    let count = job.firstPairs[table &+ 1] &- first
    if count == 0 {
      clear(answer)
      return
    }
    guard let rows = answer.pointee.rows, let starts = answer.pointee.starts, let order = answer.pointee.order,
      let bags = answer.pointee.bags
    else { return }
    let total = job.firstPairs[job.tableCount]
    var from = job.pairs + first
    var to = job.pairs + (total &+ first)
    let bagOf = UnsafeMutableRawPointer(job.pairs + 2 &* total).assumingMemoryBound(to: Int32.self) + first
    gather(job, table, from, bagOf)
    let significant = UInt64.bitWidth &- UInt64(max(1, job.tables[table].rows &- 1)).leadingZeroBitCount
    let passes = (significant &+ digitBits &- 1) / digitBits
    let bits = (significant &+ passes &- 1) / passes
    for pass in 0..<passes {
      scatter(count, from, to, histogram, shift: UInt64(32 &+ pass &* bits), bits: bits)
      swap(&from, &to)
    }
    var distinct = 0
    var previous = UInt64.max
    for index in 0..<count {
      let row = from[index] >> 32
      let occurrence = Int32(truncatingIfNeeded: from[index])
      if row != previous {
        rows[distinct] = Int64(row)
        starts[distinct] = Int32(truncatingIfNeeded: index)
        distinct &+= 1
        previous = row
      }
      order[index] = occurrence
      bags[index] = bagOf[Int(occurrence)]
    }
    starts[distinct] = Int32(truncatingIfNeeded: count)
    answer.pointee.count = Int64(distinct)
  }

  /// Occurrences in the order of the contract: the table's features, bag after bag.
  private static func gather(
    _ job: Job, _ table: Int, _ pairs: UnsafeMutablePointer<UInt64>, _ bagOf: UnsafeMutablePointer<Int32>
  ) {
    var occurrence = 0
    for place in job.featureStarts[table]..<job.featureStarts[table &+ 1] {
      let jagged = job.jagged[job.featureOrder[place]]
      guard jagged.value_count > 0, let values = jagged.values else { continue }
      let firstBag = (place &- job.featureStarts[table]) &* job.batch
      if let offsets = jagged.offsets {
        for sample in 0..<job.batch {
          let bag = Int32(truncatingIfNeeded: firstBag &+ sample)
          for value in Int(offsets[sample])..<Int(offsets[sample &+ 1]) {
            pairs[occurrence] = UInt64(truncatingIfNeeded: values[value]) << 32 | UInt64(occurrence)
            bagOf[occurrence] = bag
            occurrence &+= 1
          }
        }
      } else {
        for sample in 0..<job.batch {
          pairs[occurrence] = UInt64(truncatingIfNeeded: values[sample]) << 32 | UInt64(occurrence)
          bagOf[occurrence] = Int32(truncatingIfNeeded: firstBag &+ sample)
          occurrence &+= 1
        }
      }
    }
  }

  /// One stable pass by the digit of `bits` bits at `shift`.
  private static func scatter(
    _ count: Int, _ from: UnsafePointer<UInt64>, _ to: UnsafeMutablePointer<UInt64>,
    _ histogram: UnsafeMutablePointer<UInt32>, shift: UInt64, bits: Int
  ) {
    let size = 1 << bits
    let mask = UInt64(size &- 1)
    histogram.update(repeating: 0, count: size)
    for index in 0..<count { histogram[Int(from[index] >> shift & mask)] &+= 1 }
    var next: UInt32 = 0
    for bucket in 0..<size {
      let number = histogram[bucket]
      histogram[bucket] = next
      next &+= number
    }
    for index in 0..<count {
      let bucket = Int(from[index] >> shift & mask)
      to[Int(histogram[bucket])] = from[index]
      histogram[bucket] &+= 1
    }
  }
}
