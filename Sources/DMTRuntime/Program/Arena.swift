/// The working memory that all programs of a model share; no two of them run at once.
public final class Arena {
  /// Start of the memory, aligned to 64 bytes.
  private(set) var base: UnsafeMutableRawPointer
  /// Bytes.
  public private(set) var byteCount: Int
  /// Changes when the memory moved: pointers into it must be made anew.
  private(set) var generation = 0

  public init() {
    byteCount = ArenaPlan.alignment
    base = .allocate(byteCount: byteCount, alignment: ArenaPlan.alignment)
  }

  deinit { base.deallocate() }

  /// Makes room for `bytes`; contents are lost when it grows.
  func reserve(_ bytes: Int) {
    guard bytes > byteCount else { return }
    base.deallocate()
    base = .allocate(byteCount: bytes, alignment: ArenaPlan.alignment)
    // Touched now, so that no step pays for the pages.
    base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    byteCount = bytes
    generation += 1
  }
}
