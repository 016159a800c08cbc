#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Ranks 0..<count with probability proportional to (rank + 1)^-exponent, without a table.
///
/// Rejection-inversion after Hoermann and Derflinger (1996): about one draw a sample at any count.
package struct ZipfSampler: Sendable {
  private let count: Double
  private let exponent: Double
  private let upperOfFirst: Double
  private let upperOfLast: Double
  private let shortcut: Double

  package init(count: Int, exponent: Double) {
    self.count = Double(count)
    self.exponent = exponent
    upperOfFirst = Self.integral(1.5, exponent) - 1
    upperOfLast = Self.integral(Double(count) + 0.5, exponent)
    shortcut = 2 - Self.inverse(Self.integral(2.5, exponent) - Self.density(2, exponent), exponent)
  }

  /// One rank, with as many words of `random` as it takes.
  package func rank(_ random: inout RandomStream) -> Int {
    while true {
      let u = upperOfLast + random.unit() * (upperOfFirst - upperOfLast)
      let x = Self.inverse(u, exponent)
      let k = min(max((x + 0.5).rounded(.down), 1), count)
      if k - x <= shortcut || u >= Self.integral(k + 0.5, exponent) - Self.density(k, exponent) { return Int(k) - 1 }
    }
  }

  private static func density(_ x: Double, _ exponent: Double) -> Double { exp(-exponent * log(x)) }

  /// The integral of the density from 1 to x.
  private static func integral(_ x: Double, _ exponent: Double) -> Double {
    let logarithm = log(x)
    let t = (1 - exponent) * logarithm
    return (abs(t) > 1e-8 ? expm1(t) / t : 1 + t / 2) * logarithm
  }

  private static func inverse(_ y: Double, _ exponent: Double) -> Double {
    let t = max(y * (1 - exponent), -1)
    return exp((abs(t) > 1e-8 ? log1p(t) / t : 1 - t / 2) * y)
  }
}

/// Words of one counter-based stream, in order.
package struct RandomStream: Sendable {
  private let key: UInt64
  private var counter: UInt64 = 0

  package init(key: UInt64) { self.key = key }

  mutating func word() -> UInt64 {
    defer { counter &+= 1 }
    return StableHash.word(key: key, counter: counter)
  }

  /// Uniform in 0..<1.
  mutating func unit() -> Double { StableHash.unit(word()) }

  /// Uniform in 0..<bound, for a positive bound (fixed point: the bias is below bound / 2^64).
  mutating func below(_ bound: Int) -> Int { Int(word().multipliedFullWidth(by: UInt64(bound)).high) }

  /// Mean 0, variance 1, nearly normal.
  mutating func normal() -> Double { word().nearlyNormal }
}

extension UInt64 {
  /// The sum of the word's four 16-bit parts, shifted to mean 0 and scaled to variance 1: nearly normal, within +-3.5.
  var nearlyNormal: Double {
    let sum = (self & 0xFFFF) + (self >> 16 & 0xFFFF) + (self >> 32 & 0xFFFF) + self >> 48
    return (Double(sum) + 2) / 65536 * 1.7320508075688772 - 3.4641016151377544
  }
}

/// A seeded permutation of 0..<count that needs no memory: a four-round Feistel network, walked until it lands inside.
package struct SeededPermutation: Sendable {
  private let count: UInt64
  private let halfBits: UInt64
  private let key: UInt64

  package init(count: Int, key: UInt64) {
    self.count = UInt64(max(1, count))
    self.key = key
    let bits = UInt64(64 - (self.count - 1).leadingZeroBitCount)
    halfBits = max(1, (bits + 1) / 2)
  }

  /// Where `position` goes.
  package func callAsFunction(_ position: Int) -> Int {
    let mask = (UInt64(1) << halfBits) - 1
    var value = UInt64(position)
    repeat {
      var left = value >> halfBits
      var right = value & mask
      for round in UInt64(0)..<4 {
        (left, right) = (right, left ^ (StableHash.word(key: key &+ round, counter: right) & mask))
      }
      value = left << halfBits | right
    } while value >= count
    return Int(value)
  }
}
