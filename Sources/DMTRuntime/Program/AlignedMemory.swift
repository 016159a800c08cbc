import DMTCore

/// Memory for the tensors that outlive a step: weights, gradients, optimizer state.
enum AlignedMemory {
  /// Room for `count` elements that are zero, aligned like every buffer of an arena; at least a byte, so that even an empty
  /// tensor has an address. The caller deallocates it.
  static func zeros(_ count: Int, _ dtype: DType) -> UnsafeMutableRawPointer {
    let bytes = max(count * dtype.byteCount, 1)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: ArenaPlan.alignment)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    return memory
  }
}
