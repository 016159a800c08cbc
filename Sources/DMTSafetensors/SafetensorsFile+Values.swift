public import DMTCore

extension SafetensorsFile {
  /// The elements of tensor `name` (F32, F64, F16 or BF16) as doubles, which hold each of them exactly.
  ///
  /// - Throws: ``DMTError/Code/notFound``, or ``DMTError/Code/invalidData`` for another dtype.
  public func doubles(_ name: String) throws(DMTError) -> [Double] {
    let entry = try entry(name)
    let bytes = bytes(of: entry)
    switch entry.dtype {
    case .f64: return elements(bytes, as: UInt64.self) { Double(bitPattern: UInt64(littleEndian: $0)) }
    case .f32: return elements(bytes, as: UInt32.self) { Double(Float(bitPattern: UInt32(littleEndian: $0))) }
    case .bf16:
      return elements(bytes, as: UInt16.self) { Double(Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16)) }
    case .f16: return elements(bytes, as: UInt16.self) { Self.double(halfBits: UInt16(littleEndian: $0)) }
    default: throw wrongDType(entry, expected: "F32, F64, F16 or BF16")
    }
  }

  /// The elements of tensor `name` (F32) as floats.
  ///
  /// - Throws: ``DMTError/Code/notFound``, or ``DMTError/Code/invalidData`` for another dtype.
  public func floats(_ name: String) throws(DMTError) -> [Float] {
    let entry = try entry(name)
    guard entry.dtype == .f32 else { throw wrongDType(entry, expected: "F32") }
    return elements(bytes(of: entry), as: UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
  }

  /// The elements of tensor `name` (any integer dtype, or BOOL as 0 and 1) as 64-bit integers.
  ///
  /// - Throws: ``DMTError/Code/notFound``, or ``DMTError/Code/invalidData`` for another dtype or a U64 past Int64.
  public func integers(_ name: String) throws(DMTError) -> [Int64] {
    let entry = try entry(name)
    let bytes = bytes(of: entry)
    switch entry.dtype {
    case .i64: return elements(bytes, as: Int64.self) { Int64(littleEndian: $0) }
    case .i32: return elements(bytes, as: Int32.self) { Int64(Int32(littleEndian: $0)) }
    case .u32: return elements(bytes, as: UInt32.self) { Int64(UInt32(littleEndian: $0)) }
    case .i16: return elements(bytes, as: Int16.self) { Int64(Int16(littleEndian: $0)) }
    case .u16: return elements(bytes, as: UInt16.self) { Int64(UInt16(littleEndian: $0)) }
    case .i8: return elements(bytes, as: Int8.self) { Int64($0) }
    case .u8: return elements(bytes, as: UInt8.self) { Int64($0) }
    case .bool: return elements(bytes, as: UInt8.self) { $0 == 0 ? 0 : 1 }
    case .u64:
      let values = elements(bytes, as: UInt64.self) { UInt64(littleEndian: $0) }
      if let large = values.first(where: { $0 > UInt64(Int64.max) }) {
        throw DMTError(
          .invalidData, "tensor '\(name)' holds \(large), which is past the largest 64-bit integer with a sign",
          place: .init(file: path))
      }
      return values.map { Int64($0) }
    default: throw wrongDType(entry, expected: "an integer dtype")
    }
  }

  /// Loads every element, at whatever alignment the file has it.
  private func elements<Raw: BitwiseCopyable, Value>(
    _ bytes: UnsafeRawBufferPointer, as type: Raw.Type, _ convert: (Raw) -> Value
  ) -> [Value] {
    let stride = MemoryLayout<Raw>.size
    return (0..<bytes.count / stride).map { convert(bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Raw.self)) }
  }

  /// IEEE half precision, written out because not every target has the conversion.
  static func double(halfBits bits: UInt16) -> Double {
    let sign: Double = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Double(bits & 0x3FF)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction * 0x1p-10) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }

  private func wrongDType(_ entry: SafetensorsEntry, expected: String) -> DMTError {
    DMTError(
      .invalidData, "tensor '\(entry.name)' is \(entry.layout), expected \(expected)", place: .init(file: path))
  }
}
