/// A hash that is the same in every process, on every machine, and in every version of this plugin.
///
/// Swift's own `Hasher` is seeded anew in every process.
struct StableHash {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  /// FNV-1a over the bytes.
  mutating func add(_ text: String) {
    for byte in text.utf8 { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
  }

  mutating func add(_ number: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      state = (state ^ (number >> shift & 0xff)) &* 0x0000_0100_0000_01b3
    }
  }

  /// The hash, mixed as splitmix64 does: FNV alone leaves neighbours close together.
  var value: UInt64 {
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
