internal import Glibc
internal import Synchronization

/// Memory for plugins under test: who holds how much, and what was done to it that must not be.
final class HostAllocations: Sendable {
  private struct Entry {
    var start: UInt
    var size: Int
    var tag: String
  }

  private struct State {
    var live: [UInt: Entry] = [:]
    var problems: [String] = []
    var count = 0
  }

  private let state = Mutex(State())

  /// Bytes of a known pattern in front of and behind every piece.
  private static let margin = 64
  private static let mark: UInt8 = 0xA5

  func allocate(size: Int, alignment: Int, tag: String) -> UnsafeMutableRawPointer? {
    guard size >= 0, size <= 1 << 40, alignment >= 8, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
      report("it asked for \(size) bytes aligned to \(alignment)")
      return nil
    }
    let front = max(Self.margin, alignment)
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, alignment, front + size + Self.margin) == 0, let memory else { return nil }
    memory.initializeMemory(as: UInt8.self, repeating: Self.mark, count: front + size + Self.margin)
    let piece = memory + front
    state.withLock {
      $0.live[UInt(bitPattern: piece)] = Entry(start: UInt(bitPattern: memory), size: size, tag: tag)
      $0.count += 1
    }
    return piece
  }

  func release(_ piece: UnsafeMutableRawPointer?) {
    guard let piece else { return }
    let entry = state.withLock { $0.live.removeValue(forKey: UInt(bitPattern: piece)) }
    guard let entry, let start = UnsafeMutableRawPointer(bitPattern: entry.start) else {
      report("it released memory that the host did not allocate, or that was released before")
      return
    }
    check(piece, entry)
    free(start)
  }

  private func report(_ problem: String) {
    state.withLock { state in
      // One is enough to know; a thousand would be growth of our own.
      if state.problems.count < 16 { state.problems.append(problem) }
    }
  }

  private func check(_ piece: UnsafeMutableRawPointer, _ entry: Entry) {
    let front = UnsafeRawBufferPointer(start: piece - Self.margin, count: Self.margin)
    let back = UnsafeRawBufferPointer(start: piece + entry.size, count: Self.margin)
    for (strip, place) in [(front, "in front of"), (back, "behind")] where !strip.allSatisfy({ $0 == Self.mark }) {
      report("it wrote \(place) memory '\(entry.tag)' of \(entry.size) bytes")
    }
  }

  /// What was done that must not be, the margins of all that is held included.
  var problems: [String] {
    for (address, entry) in state.withLock({ $0.live }) {
      if let piece = UnsafeMutableRawPointer(bitPattern: address) { check(piece, entry) }
    }
    return state.withLock { $0.problems }
  }

  /// Bytes that have not been given back.
  var outstandingBytes: Int { state.withLock { $0.live.values.reduce(0) { $0 + $1.size } } }

  /// Tags of what has not been given back, with the bytes.
  var outstanding: [String: Int] {
    state.withLock { $0.live.values.reduce(into: [:]) { $0[$1.tag, default: 0] += $1.size } }
  }

  /// Calls so far.
  var count: Int { state.withLock { $0.count } }
}
