import DMTPluginKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A stream of random numbers that is a function of a seed and a stream number.
package struct RandomStream {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var words: SIMD4<UInt32> = .zero
  private var used = 4

  package init(seed: UInt64, stream: UInt32) {
    key = Philox.key(seed: seed)
    counter = SIMD4(0, 0, stream, 0x7061_7274)
  }

  package mutating func next() -> UInt32 {
    if used == 4 {
      words = Philox.words(key: key, counter: counter)
      counter[0] &+= 1
      used = 0
    }
    defer { used += 1 }
    return words[used]
  }

  /// Uniform in [0, 1).
  package mutating func unit() -> Double { Double(next()) / 4_294_967_296 }

  /// Normal with mean 0 and deviation 1 (Box-Muller).
  package mutating func normal() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * .pi * unit())
  }
}
