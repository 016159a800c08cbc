// One vector register of the instruction set that this library is built for. Everything else is written in terms of
// Lane, so one source serves every variant.

#if DMT_ISA_V4
  typealias Lane = SIMD16<Float>
  typealias LaneBits = SIMD16<Int32>
  typealias LaneMask = SIMDMask<SIMD16<Int32>>
#elseif DMT_ISA_V3
  typealias Lane = SIMD8<Float>
  typealias LaneBits = SIMD8<Int32>
  typealias LaneMask = SIMDMask<SIMD8<Int32>>
#else
  typealias Lane = SIMD4<Float>
  typealias LaneBits = SIMD4<Int32>
  typealias LaneMask = SIMDMask<SIMD4<Int32>>
#endif

extension Lane {
  /// Floats in a register.
  @inline(__always) static var width: Int { Lane.scalarCount }

  /// Reads a register from memory of any alignment.
  @inline(__always) static func load(_ source: UnsafePointer<Float>) -> Lane {
    UnsafeRawPointer(source).loadUnaligned(as: Lane.self)
  }

  /// Reads `count` floats; the rest is `filler`.
  @inline(__always) static func load(_ source: UnsafePointer<Float>, first count: Int, filler: Float = 0) -> Lane {
    var lane = Lane(repeating: filler)
    withUnsafeMutableBytes(of: &lane) { bytes in
      bytes.copyMemory(from: UnsafeRawBufferPointer(start: source, count: count * 4))
    }
    return lane
  }

  /// Writes the register to memory of any alignment.
  @inline(__always) func store(_ destination: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(destination).storeBytes(of: self, as: Lane.self)
  }

  /// Writes the first `count` floats.
  @inline(__always) func store(_ destination: UnsafeMutablePointer<Float>, first count: Int) {
    withUnsafeBytes(of: self) { bytes in
      UnsafeMutableRawPointer(destination).copyMemory(from: bytes.baseAddress.unsafelyUnwrapped, byteCount: count * 4)
    }
  }

  /// self + a * b: one rounding where the instruction set has a fused multiply-add, two where it has not.
  ///
  /// `addingProduct` without the instruction is one call of libm for every float.
  @inline(__always) func adding(_ a: Lane, times b: Lane) -> Lane {
    #if DMT_ISA_V4 || DMT_ISA_V3 || arch(arm64)
      return addingProduct(a, b)
    #else
      return self + a * b
    #endif
  }

  /// The sum of all floats, halves added first.
  @inline(__always) var total: Float {
    #if DMT_ISA_V4
      let eight = lowHalf + highHalf
      let four = eight.lowHalf + eight.highHalf
    #elseif DMT_ISA_V3
      let four = lowHalf + highHalf
    #else
      let four = self
    #endif
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }

  /// The largest float; a NaN may be passed over.
  @inline(__always) var largest: Float {
    #if DMT_ISA_V4
      let eight = lowHalf.replacing(with: highHalf, where: highHalf .> lowHalf)
      let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.highHalf .> eight.lowHalf)
    #elseif DMT_ISA_V3
      let four = lowHalf.replacing(with: highHalf, where: highHalf .> lowHalf)
    #else
      let four = self
    #endif
    return Swift.max(Swift.max(four.x, four.y), Swift.max(four.z, four.w))
  }

  /// Negative floats become 0; NaN stays.
  @inline(__always) var clampedToZero: Lane { replacing(with: Lane.zero, where: self .< Lane.zero) }
}
