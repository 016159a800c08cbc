import CDMTPlugin
import DMTCore

/// The memory of one table's distinct rows, and the check of what a kernel put there.
final class DedupBuffers {
  let pointer: UnsafeMutablePointer<dmt_dedup>
  private let rows: GuardedBuffer
  private let starts: GuardedBuffer
  private let order: GuardedBuffer
  private let bags: GuardedBuffer

  init(capacity: Int) {
    rows = GuardedBuffer(byteCount: capacity * 8)
    starts = GuardedBuffer(byteCount: (capacity + 1) * 4)
    order = GuardedBuffer(byteCount: capacity * 4)
    bags = GuardedBuffer(byteCount: capacity * 4)
    pointer = .allocate(capacity: 1)
    var dedup = dmt_dedup()
    dedup.struct_size = UInt32(MemoryLayout<dmt_dedup>.size)
    dedup.capacity = Int64(capacity)
    dedup.count = -1
    dedup.rows = rows.pointer.assumingMemoryBound(to: Int64.self)
    dedup.starts = starts.pointer.assumingMemoryBound(to: Int32.self)
    dedup.order = order.pointer.assumingMemoryBound(to: Int32.self)
    dedup.bags = bags.pointer.assumingMemoryBound(to: Int32.self)
    pointer.initialize(to: dedup)
  }

  deinit { pointer.deallocate() }

  /// The distinct rows; ``check(_:)`` has passed.
  var distinctRows: [Int] { (0..<Int(pointer.pointee.count)).map { Int(pointer.pointee.rows[$0]) } }

  /// Checks every promise of `dmt_dedup` for the bags of the table's one feature.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for the first one that is broken.
  func check(_ given: CaseBags) throws(DMTError) {
    for (buffer, what) in [(rows, "rows"), (starts, "starts"), (order, "order"), (bags, "bags")] {
      try buffer.checkGuard("dedup's \(what)")
    }
    let dedup = pointer.pointee
    let expected = Set(given.values).sorted()
    guard dedup.count == Int64(expected.count) else {
      throw DMTError(.pluginFailed, "dedup found \(dedup.count) distinct rows, expected \(expected.count)")
    }
    guard (0..<expected.count).allSatisfy({ dedup.rows[$0] == expected[$0] }) else {
      throw DMTError(.pluginFailed, "dedup's rows are not the distinct rows in ascending order")
    }
    // starts has an end even where there are no rows.
    guard dedup.starts[0] == 0 else { throw DMTError(.pluginFailed, "dedup's starts begin at \(dedup.starts[0])") }
    var occurrences: [Int64: [Int32]] = [:]
    for (occurrence, row) in given.values.enumerated() { occurrences[row, default: []].append(Int32(occurrence)) }
    for (place, row) in expected.enumerated() {
      let (start, end) = (Int(dedup.starts[place]), Int(dedup.starts[place + 1]))
      let goal = occurrences[row] ?? []
      guard start >= 0, end <= given.values.count, end - start == goal.count else {
        throw DMTError(
          .pluginFailed, "dedup gives row \(row) the occurrences \(start) to \(end), expected \(goal.count)")
      }
      guard (start..<end).allSatisfy({ dedup.order[$0] == goal[$0 - start] }) else {
        throw DMTError(.pluginFailed, "dedup's order of row \(row) is not its occurrences in ascending order")
      }
      for entry in start..<end {
        let bag = Int(dedup.bags[entry])
        guard bag >= 0, bag < given.count,
          given.offsets[bag] <= Int64(dedup.order[entry]), Int64(dedup.order[entry]) < given.offsets[bag + 1]
        else {
          throw DMTError(.pluginFailed, "dedup puts occurrence \(dedup.order[entry]) into bag \(bag)")
        }
      }
    }
  }
}
