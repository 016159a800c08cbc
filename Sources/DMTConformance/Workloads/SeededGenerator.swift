internal import DMTCore

/// Random numbers that are a function of a seed and a name.
struct SeededGenerator: RandomNumberGenerator {
  private let key: SIMD2<UInt32>
  private var counter: UInt32 = 0
  private let stream: UInt32

  init(seed: UInt64, _ name: String) {
    key = Philox.key(seed: seed)
    stream = FNV1a.hash32(name)
  }

  mutating func next() -> UInt64 {
    let words = Philox.words(key: key, counter: SIMD4(counter, stream, 0, 0x5EED))
    counter &+= 1
    return UInt64(words[0]) << 32 | UInt64(words[1])
  }
}
