import DMTCore

/// Memory for a kernel under test: aligned to 64 bytes, filled with NaN, with a strip behind it that nobody may write.
final class GuardedBuffer {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int

  /// Every byte that was not written reads as part of a NaN.
  private static let filling: UInt8 = 0xFF
  private static let guardByte: UInt8 = 0xA5
  private static let guardCount = 64

  init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = .allocate(byteCount: byteCount + Self.guardCount, alignment: 64)
    clear()
  }

  /// The elements of `values` in `dtype`.
  convenience init(_ values: [Double], _ dtype: DType) {
    self.init(byteCount: values.count * dtype.byteCount)
    write(values, dtype)
  }

  /// The elements of `values` as they are.
  convenience init<Element: BitwiseCopyable>(elements: [Element]) {
    self.init(byteCount: elements.count * MemoryLayout<Element>.stride)
    elements.withUnsafeBytes {
      pointer.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(pointer), byteCount: $0.count)
    }
  }

  deinit { pointer.deallocate() }

  /// Fills the memory with NaN and renews the strip.
  func clear() {
    pointer.initializeMemory(as: UInt8.self, repeating: Self.filling, count: byteCount)
    (pointer + byteCount).initializeMemory(as: UInt8.self, repeating: Self.guardByte, count: Self.guardCount)
  }

  /// Overwrites the first elements.
  func write(_ values: [Double], _ dtype: DType) {
    for (index, value) in values.enumerated() {
      if dtype == .float64 {
        pointer.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
      } else {
        pointer.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
      }
    }
  }

  /// All elements as doubles.
  func values(_ dtype: DType) -> [Double] {
    (0..<byteCount / dtype.byteCount).map { index in
      dtype == .float64
        ? pointer.load(fromByteOffset: index * 8, as: Double.self)
        : Double(pointer.load(fromByteOffset: index * 4, as: Float.self))
    }
  }

  /// A copy of the bytes, to see later whether somebody changed them.
  var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: pointer, count: byteCount)) }

  /// - Throws: ``DMTError/Code/pluginFailed`` when somebody wrote behind the memory.
  func checkGuard(_ what: String) throws(DMTError) {
    let strip = UnsafeRawBufferPointer(start: pointer + byteCount, count: Self.guardCount)
    guard strip.allSatisfy({ $0 == Self.guardByte }) else {
      throw DMTError(.pluginFailed, "the kernel wrote behind the end of \(what) (\(byteCount) bytes)")
    }
  }
}

/// A list of pointers as the contract's structs want them.
package final class PointerList {
  private let list: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  package init(_ pointers: [UnsafeMutableRawPointer?]) {
    list = .allocate(capacity: max(pointers.count, 1))
    for (index, pointer) in pointers.enumerated() { (list + index).initialize(to: pointer) }
    if pointers.isEmpty { list.initialize(to: nil) }
  }

  convenience init(_ buffers: [GuardedBuffer?]) { self.init(buffers.map { $0?.pointer }) }

  deinit { list.deallocate() }

  /// The list of pointers that may be written through.
  package var mutable: UnsafePointer<UnsafeMutableRawPointer?> { UnsafePointer(list) }

  /// The same list, of pointers that are read through.
  package var constant: UnsafePointer<UnsafeRawPointer?> {
    UnsafeRawPointer(list).assumingMemoryBound(to: UnsafeRawPointer?.self)
  }
}
