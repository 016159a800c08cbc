public import CDMTPlugin

/// Memory for C structs that are built from Swift values; all of it is freed when the arena is.
public final class ContractArena {
  private var blocks: [UnsafeMutableRawPointer] = []

  /// An empty arena.
  public init() {}

  deinit { for block in blocks { block.deallocate() } }

  /// The elements in memory of the arena; nil for an empty array.
  public func array<Element>(_ elements: [Element]) -> UnsafePointer<Element>? {
    guard !elements.isEmpty else { return nil }
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: elements.count * MemoryLayout<Element>.stride, alignment: max(16, MemoryLayout<Element>.alignment))
    blocks.append(memory)
    let typed = memory.bindMemory(to: Element.self, capacity: elements.count)
    typed.initialize(from: elements, count: elements.count)
    return UnsafePointer(typed)
  }

  /// One value in memory of the arena.
  public func value<Value>(_ value: Value) -> UnsafePointer<Value> {
    array([value])!  // one element: never nil
  }

  /// The text's UTF-8 bytes in memory of the arena, ended by a zero byte that the size does not count.
  public func text(_ text: String) -> dmt_str {
    let bytes = Array(text.utf8) + [0]
    let memory = array(bytes).map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
    return dmt_str(data: memory, size: Int64(bytes.count - 1))
  }
}
