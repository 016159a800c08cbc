import CDMTPlugin
import DMTCore

/// Finds the distinct rows of one table in a batch.
struct Deduplication {
  /// Row number of every occurrence; working memory.
  let rows: UnsafeMutablePointer<Int64>
  /// Bag of every occurrence; working memory.
  let bags: UnsafeMutablePointer<Int32>

  /// Bytes of working memory for `values` occurrences.
  static func scratchBytes(values: Int) -> Int {
    values * (MemoryLayout<Int64>.size + MemoryLayout<Int32>.size)
  }

  init(scratch: UnsafeMutableRawPointer, values: Int) {
    rows = scratch.assumingMemoryBound(to: Int64.self)
    bags = (scratch + values * MemoryLayout<Int64>.size).assumingMemoryBound(to: Int32.self)
  }

  /// Fills `dedup` from occurrences 0 ..< `count`, whose rows and bags have been written.
  func fill(_ dedup: UnsafeMutablePointer<dmt_dedup>, count: Int) throws(DMTError) {
    guard let distinct = dedup.pointee.rows, let starts = dedup.pointee.starts, let order = dedup.pointee.order,
      let sortedBags = dedup.pointee.bags
    else {
      throw DMTError(.invalidArgument, "the buffers of the distinct rows are missing")
    }
    for occurrence in 0..<count { order[occurrence] = Int32(occurrence) }
    sort(order, count: count)
    var found = 0
    for place in 0..<count {
      let occurrence = Int(order[place])
      sortedBags[place] = bags[occurrence]
      if place == 0 || rows[occurrence] != distinct[found - 1] {
        distinct[found] = rows[occurrence]
        starts[found] = Int32(place)
        found += 1
      }
    }
    starts[found] = Int32(count)
    dedup.pointee.count = Int64(found)
  }

  private func precedes(_ a: Int32, _ b: Int32) -> Bool {
    (rows[Int(a)], a) < (rows[Int(b)], b)
  }

  /// Sorts occurrences by row, then by number: a heap sort, because it needs no memory.
  private func sort(_ order: UnsafeMutablePointer<Int32>, count: Int) {
    for root in stride(from: count / 2 - 1, through: 0, by: -1) { sink(root, order, count) }
    for end in stride(from: count - 1, to: 0, by: -1) {
      (order[0], order[end]) = (order[end], order[0])
      sink(0, order, end)
    }
  }

  private func sink(_ start: Int, _ order: UnsafeMutablePointer<Int32>, _ count: Int) {
    var root = start
    while 2 * root + 1 < count {
      var child = 2 * root + 1
      if child + 1 < count, precedes(order[child], order[child + 1]) { child += 1 }
      guard precedes(order[root], order[child]) else { return }
      (order[root], order[child]) = (order[child], order[root])
      root = child
    }
  }
}
