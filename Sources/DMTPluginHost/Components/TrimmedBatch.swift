internal import CDMTPlugin
internal import DMTCore

/// A batch without its first rows: pointers are moved on, offsets and bad rows counted anew.
final class TrimmedBatch {
  private var memory: [UnsafeMutableRawPointer] = []

  deinit { release() }

  private func release() {
    for block in memory { block.deallocate() }
    memory = []
  }

  private func keep<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
    let block = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    block.initialize(from: elements, count: elements.count)
    memory.append(UnsafeMutableRawPointer(block))
    return UnsafePointer(block)
  }

  /// Drops the first `count` rows of a batch that has been checked and has more; what it points to then lives until the next call.
  func fill(_ batch: inout dmt_reader_batch, dropping count: Int, columns kinds: [DataColumn]) {
    release()
    let rows = Int(batch.row_count)
    var trimmed: [dmt_reader_values] = []
    for (column, given) in zip(kinds, UnsafeBufferPointer(start: batch.columns, count: kinds.count)) {
      var values = given
      let dropped = given.offsets.map { Int($0[count]) } ?? count
      let stride =
        switch column.kind {
        case .text: MemoryLayout<dmt_str>.stride
        case .int, .double: 8
        }
      values.values = given.values.map { $0 + dropped * stride }
      values.present = given.present.map { $0 + dropped }
      values.value_count -= Int64(dropped)
      if let offsets = given.offsets {
        values.offsets = keep((count...rows).map { offsets[$0] - Int64(dropped) })
      }
      trimmed.append(values)
    }
    let bad = UnsafeBufferPointer(start: batch.problems, count: Int(batch.problem_count)).filter { $0.row >= count }
      .map { problem in
        var moved = problem
        moved.row -= Int64(count)
        return moved
      }
    batch.columns = trimmed.isEmpty ? nil : keep(trimmed)
    batch.problems = bad.isEmpty ? nil : keep(bad)
    batch.problem_count = Int64(bad.count)
    batch.row_count = Int64(rows - count)
  }
}
