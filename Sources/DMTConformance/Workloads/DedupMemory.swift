internal import CDMTPlugin
internal import DMTCore

/// The memory of one table's distinct rows.
final class DedupMemory {
  let table: UnsafeMutablePointer<dmt_dedup>
  private let number: Int
  private let capacity: Int
  private let rows: TestBlock
  private let starts: TestBlock
  private let order: TestBlock
  private let bags: TestBlock

  init(table number: Int, capacity: Int, _ memory: TestMemory) {
    self.number = number
    self.capacity = capacity
    rows = memory.output("the distinct rows of table \(number)", byteCount: capacity * 8)
    starts = memory.output("dedup's starts of table \(number)", byteCount: (capacity + 1) * 4)
    order = memory.output("dedup's order of table \(number)", byteCount: capacity * 4)
    bags = memory.output("dedup's bags of table \(number)", byteCount: capacity * 4)
    table = .allocate(capacity: 1)
    table.initialize(to: dmt_dedup())
    table.pointee.struct_size = UInt32(MemoryLayout<dmt_dedup>.size)
    table.pointee.capacity = Int64(capacity)
    table.pointee.count = -1
    table.pointee.rows = rows.pointer?.assumingMemoryBound(to: Int64.self)
    table.pointee.starts = starts.pointer?.assumingMemoryBound(to: Int32.self)
    table.pointee.order = order.pointer?.assumingMemoryBound(to: Int32.self)
    table.pointee.bags = bags.pointer?.assumingMemoryBound(to: Int32.self)
  }

  deinit { table.deallocate() }

  /// - Throws: ``DMTError/Code/pluginFailed`` for a number of rows that cannot be.
  func check() throws(DMTError) {
    guard (0...Int64(capacity)).contains(table.pointee.count) else {
      throw DMTError(
        .pluginFailed, "dedup found \(table.pointee.count) rows of table \(number) in \(capacity) occurrences")
    }
  }

  var count: Int { Int(max(0, table.pointee.count)) }

  /// What the contract says of the rows: everything but what lies behind the last one.
  var numbers: [NamedNumbers] {
    let used = count
    return [
      NamedNumbers(name: rows.name, values: rows.elements(Int64.self).prefix(used).map { Double($0) }),
      NamedNumbers(name: starts.name, values: starts.elements(Int32.self).prefix(used + 1).map { Double($0) }),
      NamedNumbers(name: order.name, values: order.elements(Int32.self).map { Double($0) }),
      NamedNumbers(name: bags.name, values: bags.elements(Int32.self).map { Double($0) }),
    ]
  }
}
