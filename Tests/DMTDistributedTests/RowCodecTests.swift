import DMTCore
import DMTDistributed
import Testing

@Suite struct RowCodecTests {
  @Test func `every half-precision number survives the way there and back`() {
    for bits in UInt16.min...UInt16.max {
      let value = HalfFloat.value(bits)
      if value.isNaN {
        #expect(HalfFloat.value(HalfFloat.bits(value)).isNaN)
      } else {
        #expect(HalfFloat.bits(value) == bits, "\(bits)")
      }
    }
  }

  @Test func `float16 and bfloat16 round to the nearest, ties to even`() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<20_000 {
      let value = Float.random(in: -1...1, using: &random) * [1e-8, 1e-4, 1, 1000, 60_000].randomElement(using: &random)!
      let half = HalfFloat.bits(value)
      let mine = abs(HalfFloat.value(half) - value)
      // No neighbour is nearer.
      for other in [half &- 1, half &+ 1] where other & 0x7FFF < 0x7C00 {
        #expect(mine <= abs(HalfFloat.value(other) - value), "\(value)")
      }
      let brain = BFloat.bits(value)
      for other in [brain &- 1, brain &+ 1] where BFloat.value(other).isFinite {
        #expect(abs(BFloat.value(brain) - value) <= abs(BFloat.value(other) - value), "\(value)")
      }
    }
    // 1 + 2^-11 lies between 1 and 1 + 2^-10; 1 + 3 2^-11 between that and 1 + 2^-9.
    #expect(HalfFloat.value(HalfFloat.bits(1 + 0x1p-11)) == 1)
    #expect(HalfFloat.value(HalfFloat.bits(1 + 3 * 0x1p-11)) == 1 + 0x1p-9)
  }

  @Test func `what is beyond the range of float16 saturates, infinities and NaN stay`() {
    #expect(HalfFloat.value(HalfFloat.bits(1e6)) == 65_504)
    #expect(HalfFloat.value(HalfFloat.bits(-65_520)) == -65_504)
    #expect(HalfFloat.value(HalfFloat.bits(.infinity)) == .infinity)
    #expect(HalfFloat.value(HalfFloat.bits(.nan)).isNaN)
    #expect(BFloat.value(BFloat.bits(.nan)).isNaN)
    #expect(BFloat.value(BFloat.bits(.infinity)) == .infinity)
  }

  @Test(arguments: [DType.float32, .float64]) func `int8 rows are within half a step of their scale`(_ dtype: DType) {
    var random = SeededGenerator(seed: 12)
    for width in [1, 3, 4, 17] {
      let values = (0..<width).map { _ in Double(Float.random(in: -3...3, using: &random)) }
      let scale = values.map(abs).max()! / 127
      for (read, value) in zip(roundTrip(values, .int8, dtype), values) {
        #expect(abs(read - value) <= scale * 0.5001)
      }
    }
    #expect(roundTrip([0, 0, 0], .int8, dtype) == [0, 0, 0])
  }

  @Test(arguments: WireType.allCases) func `a number that is not finite is not hidden by the wire`(_ wire: WireType) {
    #expect(roundTrip([1, .nan, 2], wire, .float32).contains { $0.isNaN })
  }

  /// A row through a wire type, read back in two parts.
  private func roundTrip(_ values: [Double], _ wire: WireType, _ dtype: DType) -> [Double] {
    let count = values.count
    let codec = RowCodec(wire: wire, dtype: dtype)
    let source = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 8)
    let row = UnsafeMutableRawPointer.allocate(
      byteCount: max(wire.rowBytes(columns: count, dtype: dtype), 1), alignment: 8)
    let target = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 8)
    defer {
      source.deallocate()
      row.deallocate()
      target.deallocate()
    }
    for (index, value) in values.enumerated() {
      if dtype == .float64 {
        source.storeBytes(of: value, toByteOffset: 8 * index, as: Double.self)
      } else {
        source.storeBytes(of: Float(value), toByteOffset: 4 * index, as: Float.self)
      }
    }
    codec.encode(source, to: row, count: count)
    let half = count / 2
    codec.decode(row, column: 0, count: half, to: target)
    codec.decode(row, column: half, count: count - half, to: target + half * dtype.byteCount)
    return (0..<count).map { index in
      dtype == .float64
        ? target.load(fromByteOffset: 8 * index, as: Double.self)
        : Double(target.load(fromByteOffset: 4 * index, as: Float.self))
    }
  }
}
