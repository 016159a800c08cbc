/// Places buffers whose lives do not overlap in the same memory.
package struct ArenaPlan {
  /// A buffer: its size and the first and last moment at which it is in use.
  package struct Buffer {
    package var bytes: Int
    package var first: Int
    package var last: Int

    package init(bytes: Int, first: Int, last: Int) {
      self.bytes = bytes
      self.first = first
      self.last = last
    }
  }

  /// Every buffer starts at a multiple of this, a cache line and a 512-bit register.
  package static let alignment = 64

  /// Start of each buffer.
  package private(set) var offsets: [Int]
  /// Bytes of the whole arena.
  package private(set) var byteCount = 0

  /// Largest buffers first, each at the lowest gap that is free during its whole life.
  package init(_ buffers: [Buffer]) {
    offsets = Array(repeating: 0, count: buffers.count)
    let bySize = buffers.indices.sorted { (buffers[$0].bytes, $1) > (buffers[$1].bytes, $0) }
    var placed: [Int] = []
    for index in bySize where buffers[index].bytes > 0 {
      let buffer = buffers[index]
      let size = Self.rounded(buffer.bytes)
      let neighbours = placed.filter { buffers[$0].first <= buffer.last && buffers[$0].last >= buffer.first }
        .sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for other in neighbours {
        if offset + size <= offsets[other] { break }
        offset = max(offset, offsets[other] + Self.rounded(buffers[other].bytes))
      }
      offsets[index] = offset
      byteCount = max(byteCount, offset + size)
      placed.append(index)
    }
  }

  package static func rounded(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
}
