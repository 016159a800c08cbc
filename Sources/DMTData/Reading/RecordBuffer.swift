import DMTCore

/// A window over a stream of bytes that slides on as records are consumed.
///
/// A reader scans base[start..<end]; where a record is cut off by `end`, it asks for more and scans the record again.
final class RecordBuffer {
  private let source: any ByteSource
  private var memory: UnsafeMutableRawBufferPointer
  /// The first byte that is not consumed yet.
  var start = 0
  /// The byte after the last one read.
  private(set) var end = 0
  /// No byte follows those up to `end`.
  private(set) var isComplete = false

  init(source: any ByteSource, capacity: Int = 1 << 20) {
    self.source = source
    memory = .allocate(byteCount: max(capacity, 16), alignment: 16)
  }

  deinit { memory.deallocate() }

  /// The bytes read so far; valid until the next ``readMore()``.
  var bytes: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(memory.bindMemory(to: UInt8.self))
  }

  /// Bytes of the record that is being scanned.
  var pendingCount: Int { end - start }

  /// Reads further bytes behind `end`, after moving what is not consumed to the front; makes room where needed.
  func readMore() throws(DMTError) {
    if start > 0 {
      let kept = UnsafeRawBufferPointer(rebasing: memory[start..<end])
      memory.copyMemory(from: kept)
      end -= start
      start = 0
    }
    if end == memory.count {
      let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: memory.count * 2, alignment: 16)
      larger.copyMemory(from: UnsafeRawBufferPointer(memory))
      memory.deallocate()
      memory = larger
    }
    let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
    if count == 0 { isComplete = true }
    end += count
  }
}
