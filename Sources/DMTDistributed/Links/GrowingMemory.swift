/// Memory that grows to the largest size that was asked for and is used again.
package final class GrowingMemory {
  package private(set) var base: UnsafeMutableRawPointer
  private var capacity: Int

  package init() {
    capacity = 64
    base = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit { base.deallocate() }

  /// Makes room for `bytes`; contents are lost when it grows.
  package func reserve(_ bytes: Int) {
    guard bytes > capacity else { return }
    base.deallocate()
    base = .allocate(byteCount: bytes, alignment: 64)
    capacity = bytes
  }
}
