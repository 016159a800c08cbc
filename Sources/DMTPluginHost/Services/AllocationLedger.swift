internal import Glibc
internal import Synchronization

/// Aligned memory for plugins, and who holds how much of it.
///
/// Plugins allocate when they bind, not when they run, so a lock and a table cost nothing that counts.
final class AllocationLedger: Sendable {
  private struct Entry {
    var tag: String
    var bytes: Int
  }

  private let live = Mutex<[UInt: Entry]>([:])

  /// `size` bytes aligned to `alignment`, or nil when the arguments are wrong or memory is used up.
  func allocate(size: Int, alignment: Int, tag: String) -> UnsafeMutableRawPointer? {
    guard size >= 0, size <= Int.max / 2, alignment >= 8, alignment <= 1 << 30, alignment & (alignment - 1) == 0 else {
      return nil
    }
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, alignment, max(1, size)) == 0, let memory else { return nil }
    live.withLock { $0[UInt(bitPattern: memory)] = Entry(tag: tag, bytes: size) }
    return memory
  }

  /// Gives back what ``allocate(size:alignment:tag:)`` returned; anything else is left alone.
  func release(_ memory: UnsafeMutableRawPointer?) {
    guard let memory else { return }
    let known = live.withLock { $0.removeValue(forKey: UInt(bitPattern: memory)) != nil }
    if known { free(memory) }
  }

  /// Bytes that have not been given back, by tag.
  var outstanding: [String: Int] {
    live.withLock { entries in
      entries.values.reduce(into: [:]) { $0[$1.tag, default: 0] += $1.bytes }
    }
  }
}
