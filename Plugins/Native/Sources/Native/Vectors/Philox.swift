/// Philox4x32-10 for as many counters as a register has lanes.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
enum Philox {
  #if DMT_ISA_V4
    typealias Words = SIMD16<UInt32>
    typealias Wide = SIMD8<UInt64>
  #elseif DMT_ISA_V3
    typealias Words = SIMD8<UInt32>
    typealias Wide = SIMD4<UInt64>
  #else
    typealias Words = SIMD4<UInt32>
    typealias Wide = SIMD2<UInt64>
  #endif

  /// The four words of every lane.
  struct Block {
    var word0: Words
    var word1: Words
    var word2: Words
    var word3: Words
  }

  /// The high and low halves of the products with a constant: even and odd lanes are multiplied apart, as the
  /// instruction sets do it.
  @inline(__always)
  private static func multiply(_ words: Words, by factor: UInt64) -> (high: Words, low: Words) {
    let wide = unsafeBitCast(words, to: Wide.self)
    let factors = Wide(repeating: factor)
    let even = (wide & Wide(repeating: 0xFFFF_FFFF)) &* factors
    let odd = (wide &>> Wide(repeating: 32)) &* factors
    let highMask = Wide(repeating: 0xFFFF_FFFF_0000_0000)
    let high = (even &>> Wide(repeating: 32)) | (odd & highMask)
    let low = (even & Wide(repeating: 0xFFFF_FFFF)) | (odd &<< Wide(repeating: 32))
    return (unsafeBitCast(high, to: Words.self), unsafeBitCast(low, to: Words.self))
  }

  /// Ten rounds.
  @inline(__always)
  static func block(seed: UInt64, _ counter: Block) -> Block {
    var block = counter
    var key0 = UInt32(truncatingIfNeeded: seed)
    var key1 = UInt32(truncatingIfNeeded: seed >> 32)
    for _ in 0..<10 {
      let first = multiply(block.word0, by: 0xD251_1F53)
      let second = multiply(block.word2, by: 0xCD9E_8D57)
      block = Block(
        word0: second.high ^ block.word1 ^ Words(repeating: key0), word1: second.low,
        word2: first.high ^ block.word3 ^ Words(repeating: key1), word3: first.low)
      key0 &+= 0x9E37_79B9
      key1 &+= 0xBB67_AE85
    }
    return block
  }
}
