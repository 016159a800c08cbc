/// The counter-based generator Philox4x32-10: every random number of a model is a function of a key and a counter.
///
/// Nothing depends on the order of calls, the number of threads or the layout over ranks.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public enum Philox {
  /// Four random words for `counter` under `key`.
  @inlinable
  public static func words(key: SIMD2<UInt32>, counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var key = key
    var counter = counter
    for _ in 0..<10 {
      let first = UInt64(0xD251_1F53) &* UInt64(counter[0])
      let second = UInt64(0xCD9E_8D57) &* UInt64(counter[2])
      counter = SIMD4(
        UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ key[0], UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ key[1], UInt32(truncatingIfNeeded: first))
      key = SIMD2(key[0] &+ 0x9E37_79B9, key[1] &+ 0xBB67_AE85)
    }
    return counter
  }

  /// The key of a 64-bit seed.
  @inlinable
  public static func key(seed: UInt64) -> SIMD2<UInt32> {
    SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  }
}

/// FNV-1a, the stable hash of names in keys of random numbers.
public enum FNV1a {
  /// The 32-bit hash of the UTF-8 bytes.
  public static func hash32(_ text: String) -> UInt32 {
    text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }

  /// The 64-bit hash of the UTF-8 bytes.
  public static func hash64(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}

/// Dropout's random words: key (seed), counter (element / 4, sample, step, node), word element mod 4.
public enum Dropout {
  /// An element is dropped when its word is below this: floor(p 2^32), at most 2^32 - 1.
  public static func threshold(probability: Double) -> UInt32 {
    UInt32(min(max(probability, 0) * 4_294_967_296.0, 4_294_967_295.0))
  }

  /// The four words of elements 4 `group` ..< 4 `group` + 4 of a sample.
  @inlinable
  public static func words(seed: UInt64, step: UInt32, node: UInt32, sample: Int64, group: UInt32) -> SIMD4<UInt32> {
    Philox.words(
      key: Philox.key(seed: seed), counter: SIMD4(group, UInt32(truncatingIfNeeded: sample), step, node))
  }
}
