/// Memory of an interconnect that grows to the largest size that was asked for, and is used again.
struct ReusableMemory {
  private(set) var memory: UnsafeMutableRawPointer?
  private var capacity = 0

  /// Room for `bytes`, aligned to 64; what it held is lost when it grows.
  mutating func reserve(_ bytes: Int) {
    guard bytes > capacity else { return }
    memory?.deallocate()
    // Jagged features make every batch a little larger or smaller: some room saves a growth a step.
    capacity = (bytes + bytes / 8 + 4095) / 4096 * 4096
    memory = .allocate(byteCount: capacity, alignment: 64)
  }

  func free() { memory?.deallocate() }
}
