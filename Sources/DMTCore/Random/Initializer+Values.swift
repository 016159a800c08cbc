#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Initializer {
  /// Writes elements `range` of the parameter `name` to `destination`: a function of (seed, name, element) alone.
  ///
  /// Element e takes words 2 (e mod 2) and 2 (e mod 2) + 1 of counter (e / 2): uniform u = (word + 0.5) / 2^32 of the
  /// first; normal sqrt(-2 ln u1) cos(2 pi u2) of both. A shard of a table starts at its own first element.
  public func write<Element: BinaryFloatingPoint>(
    to destination: UnsafeMutablePointer<Element>, range: Range<Int>, seed: UInt64, name: String
  ) {
    switch self {
    case .zeros: destination.update(repeating: 0, count: range.count)
    case .ones: destination.update(repeating: 1, count: range.count)
    case .uniform(let low, let high):
      forEachPair(range, seed: seed, name: name) { index, first, _ in
        destination[index] = Element(low + (high - low) * first)
      }
    case .normal(let mean, let deviation):
      forEachPair(range, seed: seed, name: name) { index, first, second in
        destination[index] = Element(mean + deviation * (-2 * log(first)).squareRoot() * cos(2 * .pi * second))
      }
    }
  }

  /// Calls `body` with the index from the range's start and two uniform numbers in (0, 1) for every element.
  private func forEachPair(
    _ range: Range<Int>, seed: UInt64, name: String, _ body: (Int, Double, Double) -> Void
  ) {
    let key = Philox.key(seed: seed ^ FNV1a.hash64(name))
    func uniform(_ word: UInt32) -> Double { (Double(word) + 0.5) / 4_294_967_296.0 }
    for element in range {
      let group = UInt64(element / 2)
      let words = Philox.words(
        key: key, counter: SIMD4(UInt32(truncatingIfNeeded: group), UInt32(truncatingIfNeeded: group >> 32), 0, 0))
      let lane = 2 * (element % 2)
      body(element - range.lowerBound, uniform(words[lane]), uniform(words[lane + 1]))
    }
  }
}
