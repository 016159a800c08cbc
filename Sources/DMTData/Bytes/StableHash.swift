/// The hashes and random bits of the data layer: the same on every platform and in every release.
///
/// Files and run folders depend on them, so none may ever change under its name.
public enum StableHash {
  /// SplitMix64's finaliser: every input bit reaches every output bit.
  @inlinable
  public static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The 64-bit hash of a category's bytes: FNV-1a, then ``mix(_:)``.
  ///
  /// Features with `hash` encoding use row `hash mod rows`.
  @inlinable
  public static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var h: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { h = (h ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return mix(h)
  }

  /// Word `counter` of the stream `key`: a counter-based generator, SplitMix64 started at `key`.
  @inlinable
  public static func word(key: UInt64, counter: UInt64) -> UInt64 {
    mix(key &+ (counter &+ 1) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// A key made of two: streams of different pairs are unrelated.
  @inlinable
  public static func key(_ a: UInt64, _ b: UInt64) -> UInt64 {
    mix(mix(a &+ 0x9E37_79B9_7F4A_7C15) ^ (b &* 0xD6E8_FEB8_6659_FD93 &+ 0x2545_F491_4F6C_DD1D))
  }

  /// A uniform number in 0..<1 from the upper 53 bits of `word`.
  @inlinable
  public static func unit(_ word: UInt64) -> Double { Double(word >> 11) * 0x1p-53 }

  /// The checksum of a memory image: four FNV-like lanes over 8-byte words, then the rest byte by byte.
  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let prime: UInt64 = 0x9FB2_1C65_1E98_DF25
    var a: UInt64 = 1
    var b: UInt64 = 2
    var c: UInt64 = 3
    var d: UInt64 = 4
    var at = 0
    let blocks = bytes.count / 32
    for _ in 0..<blocks {
      a = (a ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &* prime
      b = (b ^ bytes.loadUnaligned(fromByteOffset: at &+ 8, as: UInt64.self)) &* prime
      c = (c ^ bytes.loadUnaligned(fromByteOffset: at &+ 16, as: UInt64.self)) &* prime
      d = (d ^ bytes.loadUnaligned(fromByteOffset: at &+ 24, as: UInt64.self)) &* prime
      a ^= a >> 29
      b ^= b >> 29
      c ^= c >> 29
      d ^= d >> 29
      at &+= 32
    }
    var rest: UInt64 = UInt64(bytes.count)
    while at < bytes.count {
      rest = (rest ^ UInt64(bytes[at])) &* prime
      at &+= 1
    }
    return mix(a) ^ mix(b &+ 1) ^ mix(c &+ 2) ^ mix(d &+ 3) ^ mix(rest &+ 4)
  }
}
