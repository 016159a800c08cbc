package import DMTCore

/// Turns rows of numbers into a wire type and back.
///
/// int8: the row's scale, a float32, comes first: s = max |x| / 127; x is sent as round(x / s) and read as that times s. A
/// row of zeros has scale 0, one that is not finite scale NaN. float16 and bfloat16 round to nearest even; float16 saturates at 65,504.
package struct RowCodec {
  package let wire: WireType
  package let dtype: DType

  package init(wire: WireType, dtype: DType) {
    self.wire = wire
    self.dtype = dtype
  }

  /// Writes `count` numbers at `source` as a row of the wire type.
  package func encode(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) {
    if wire == .native {
      target.copyMemory(from: source, byteCount: count * dtype.byteCount)
    } else if dtype == .float64 {
      encodeNarrow(source.assumingMemoryBound(to: Double.self), to: target, count: count)
    } else {
      encodeNarrow(source.assumingMemoryBound(to: Float.self), to: target, count: count)
    }
  }

  /// Reads columns `column` ..< `column + count` of the row at `row`.
  package func decode(_ row: UnsafeRawPointer, column: Int, count: Int, to target: UnsafeMutableRawPointer) {
    if wire == .native {
      target.copyMemory(from: row + column * dtype.byteCount, byteCount: count * dtype.byteCount)
    } else if dtype == .float64 {
      decodeNarrow(row, column, count) { target.assumingMemoryBound(to: Double.self)[$0] = Double($1) }
    } else {
      decodeNarrow(row, column, count) { target.assumingMemoryBound(to: Float.self)[$0] = $1 }
    }
  }

  /// Adds the first `count` columns of the row at `row` to `target`.
  package func add(_ row: UnsafeRawPointer, count: Int, to target: UnsafeMutableRawPointer) {
    if dtype == .float64 {
      let sums = target.assumingMemoryBound(to: Double.self)
      if wire == .native {
        let values = row.assumingMemoryBound(to: Double.self)
        for index in 0..<count { sums[index] += values[index] }
      } else {
        decodeNarrow(row, 0, count) { sums[$0] += Double($1) }
      }
    } else {
      let sums = target.assumingMemoryBound(to: Float.self)
      if wire == .native {
        let values = row.assumingMemoryBound(to: Float.self)
        for index in 0..<count { sums[index] += values[index] }
      } else {
        decodeNarrow(row, 0, count) { sums[$0] += $1 }
      }
    }
  }

  /// Writes rows of `width` numbers, one behind the other, as rows of the wire type.
  ///
  /// - Returns: the bytes that were written.
  package func encode(
    rows: Int, width: Int, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer
  ) -> Int {
    let (from, to) = (width * dtype.byteCount, wire.rowBytes(columns: width, dtype: dtype))
    for row in 0..<rows { encode(source + row * from, to: target + row * to, count: width) }
    return rows * to
  }

  /// Reads rows of the wire type into rows of `width` numbers, one behind the other.
  ///
  /// - Returns: the bytes that were written.
  package func decode(
    rows: Int, width: Int, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer
  ) -> Int {
    let (from, to) = (wire.rowBytes(columns: width, dtype: dtype), width * dtype.byteCount)
    for row in 0..<rows { decode(source + row * from, column: 0, count: width, to: target + row * to) }
    return rows * to
  }

  /// Adds rows of the wire type up, or begins a sum with them.
  ///
  /// - Returns: the bytes that were written.
  package func sum(
    rows: Int, width: Int, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, isFirst: Bool
  ) -> Int {
    guard !isFirst else { return decode(rows: rows, width: width, from: source, to: target) }
    let (from, to) = (wire.rowBytes(columns: width, dtype: dtype), width * dtype.byteCount)
    for row in 0..<rows { add(source + row * from, count: width, to: target + row * to) }
    return rows * to
  }

  private func encodeNarrow<Value: BinaryFloatingPoint>(
    _ source: UnsafePointer<Value>, to target: UnsafeMutableRawPointer, count: Int
  ) {
    switch wire {
    case .native: break
    case .float16:
      let words = target.assumingMemoryBound(to: UInt16.self)
      for index in 0..<count { words[index] = HalfFloat.bits(Float(source[index])) }
    case .bfloat16:
      let words = target.assumingMemoryBound(to: UInt16.self)
      for index in 0..<count { words[index] = BFloat.bits(Float(source[index])) }
    case .int8:
      guard count > 0 else { return }
      var largest: Float = 0
      var isFinite = true
      for index in 0..<count {
        let magnitude = abs(Float(source[index]))
        largest = max(largest, magnitude)
        isFinite = isFinite && magnitude.isFinite
      }
      // A row with a NaN or an infinity is read back as NaN: it must not be hidden from the check of the loss.
      let scale = isFinite ? largest / 127 : .nan
      target.storeBytes(of: scale, as: Float.self)
      let bytes = (target + 4).assumingMemoryBound(to: Int8.self)
      guard isFinite, scale > 0 else {
        bytes.update(repeating: 0, count: count)
        return
      }
      for index in 0..<count {
        bytes[index] = Int8(max(-127, min(127, (Float(source[index]) / scale).rounded(.toNearestOrEven))))
      }
    }
  }

  @inline(__always)
  private func decodeNarrow(
    _ row: UnsafeRawPointer, _ column: Int, _ count: Int, _ store: (Int, Float) -> Void
  ) {
    switch wire {
    case .native: break
    case .float16:
      let words = row.assumingMemoryBound(to: UInt16.self) + column
      for index in 0..<count { store(index, HalfFloat.value(words[index])) }
    case .bfloat16:
      let words = row.assumingMemoryBound(to: UInt16.self) + column
      for index in 0..<count { store(index, BFloat.value(words[index])) }
    case .int8:
      let scale = row.load(as: Float.self)
      let bytes = (row + 4).assumingMemoryBound(to: Int8.self) + column
      for index in 0..<count { store(index, Float(bytes[index]) * scale) }
    }
  }
}

/// bfloat16: the upper half of a float32.
package enum BFloat {
  @inline(__always)
  package static func bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    // A NaN keeps a bit of its payload, so that rounding does not make it infinite.
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  @inline(__always)
  package static func value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}

/// IEEE half precision in plain integer arithmetic, the same on machines with and without conversion instructions.
package enum HalfFloat {
  @inline(__always)
  package static func bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
    // 65,520 and more would round to infinity; an infinity stays one.
    if magnitude >= 0x477F_F000 { return magnitude == 0x7F80_0000 ? sign | 0x7C00 : sign | 0x7BFF }
    if magnitude < 0x3880_0000 {
      // Below the least normal number: adding 0.5 leaves the rounded multiple of 2^-24 in the low bits.
      let shifted = Float(bitPattern: magnitude) + 0.5
      return sign | UInt16(truncatingIfNeeded: shifted.bitPattern &- 0x3F00_0000)
    }
    let rounded = magnitude &+ 0x0FFF &+ (magnitude >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded &- 0x3800_0000) >> 13)
  }

  @inline(__always)
  package static func value(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let magnitude = UInt32(bits & 0x7FFF)
    if magnitude >= 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13) }
    if magnitude < 0x400 {
      let value = Float(magnitude) * 0x1p-24
      return sign == 0 ? value : -value
    }
    return Float(bitPattern: sign | (magnitude << 13 &+ 0x3800_0000))
  }
}
