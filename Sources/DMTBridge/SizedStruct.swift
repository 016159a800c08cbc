public import DMTCore

/// Structs of the contract that begin with `struct_size`: only what lies inside it is read or written.
public enum SizedStruct {
  /// The largest `struct_size` that is believed.
  static let maximumSize = 1 << 16

  /// A copy of `*pointer`; fields beyond its `struct_size` are zero or NULL in the copy.
  ///
  /// - Parameter what: what the struct is, for the message.
  /// - Throws: ``DMTError/Code/invalidArgument`` for NULL, a pointer that is not aligned, or a size below the struct's
  ///   ``GrowingStruct/firstSize``.
  public static func read<T: GrowingStruct>(
    _ pointer: UnsafePointer<T>?, _ what: @autoclosure () -> String
  ) throws(DMTError) -> T {
    guard let pointer else { throw DMTError(.invalidArgument, "\(what()) is NULL") }
    let address = UInt(bitPattern: pointer)
    guard address >= 4096, address % UInt(MemoryLayout<T>.alignment) == 0 else {
      throw DMTError(
        .invalidArgument, "\(what()) is at 0x\(String(address, radix: 16)), which is no place for a struct")
    }
    let raw = UnsafeRawPointer(pointer)
    let found = Int(raw.load(as: UInt32.self))
    guard found >= T.firstSize, found <= maximumSize else {
      throw DMTError(
        .invalidArgument, "\(what()) has struct_size \(found), expected \(T.firstSize) to \(maximumSize)")
    }
    return withUnsafeTemporaryAllocation(byteCount: MemoryLayout<T>.stride, alignment: MemoryLayout<T>.alignment) {
      buffer in
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
      buffer.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: min(found, MemoryLayout<T>.stride)))
      return buffer.load(as: T.self)
    }
  }

  /// Copies `value` to `*pointer` as far as the `struct_size` there, which the receiver has set and which stays.
  public static func write<T: GrowingStruct>(
    _ value: T, to pointer: UnsafeMutablePointer<T>?, _ what: @autoclosure () -> String
  ) throws(DMTError) {
    guard let pointer else { throw DMTError(.invalidArgument, "\(what()) is NULL") }
    let raw = UnsafeMutableRawPointer(pointer)
    let found = raw.load(as: UInt32.self)
    guard Int(found) >= T.firstSize, Int(found) <= maximumSize else {
      throw DMTError(
        .invalidArgument, "\(what()) has struct_size \(found), expected \(T.firstSize) to \(maximumSize)")
    }
    withUnsafeBytes(of: value) { bytes in
      raw.copyMemory(from: bytes.baseAddress!, byteCount: min(Int(found), bytes.count))  // a struct has bytes
    }
    raw.storeBytes(of: found, as: UInt32.self)
  }

  /// Whether the other side's struct holds what every minor has.
  @inlinable @inline(__always)
  public static func isWhole<T: GrowingStruct>(_ structSize: UInt32, _: T.Type) -> Bool {
    Int(structSize) >= T.firstSize
  }

  /// The `struct_size` of a struct of the contract as this side compiled it.
  public static func size<T: GrowingStruct>(of _: T.Type) -> UInt32 { UInt32(MemoryLayout<T>.stride) }
}
