/// Distinct byte strings numbered 0, 1, .. in the order in which they were first seen.
///
/// An open-addressing hash table over one pool of bytes: no object per string, one comparison per hit.
struct ByteDictionary: Sendable {
  /// All strings, one after the other.
  private(set) var pool: [UInt8] = []
  /// String i is pool[starts[i]..<starts[i + 1]].
  private(set) var starts: [Int] = [0]
  private var hashes: [UInt64] = []
  /// Number + 1 of the string that sits here; 0: free.
  private var slots: [UInt32] = [UInt32](repeating: 0, count: 16)

  /// How many distinct strings there are.
  var count: Int { hashes.count }

  /// Strings that one dictionary can hold: their numbers, and numbers + 1, fit in 32 bits.
  static let maximumCount = Int(UInt32.max) - 1

  init() {}

  /// The number of `bytes`, or nil when they have not been seen.
  func find(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    let hash = StableHash.hash(bytes)
    let found = slots[slot(of: bytes, hash: hash)]
    return found == 0 ? nil : Int(found) - 1
  }

  /// The number of `text`, or nil when it has not been seen.
  func find(_ text: String) -> Int? {
    var copy = text
    return copy.withUTF8 { find($0) }
  }

  /// The number of `bytes`, entered now if they have not been seen.
  mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>) -> (code: Int, isNew: Bool) {
    let hash = StableHash.hash(bytes)
    let place = slot(of: bytes, hash: hash)
    if slots[place] != 0 { return (Int(slots[place]) - 1, false) }
    let code = hashes.count
    pool.append(contentsOf: bytes)
    starts.append(pool.count)
    hashes.append(hash)
    slots[place] = UInt32(code + 1)
    if hashes.count * 2 > slots.count { grow() }
    return (code, true)
  }

  /// Calls `body` with the bytes of string `code`.
  func withBytes<Result>(_ code: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    pool.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[starts[code]..<starts[code + 1]])) }
  }

  /// String `code` as text; bytes that are no UTF-8 are replaced.
  func text(_ code: Int) -> String {
    String(decoding: pool[starts[code]..<starts[code + 1]], as: UTF8.self)
  }

  /// The slot that holds `bytes`, or the free slot where they belong.
  private func slot(of bytes: UnsafeBufferPointer<UInt8>, hash: UInt64) -> Int {
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place] != 0 {
      let code = Int(slots[place]) - 1
      if hashes[code] == hash, equals(code, bytes) { return place }
      place = (place + 1) & mask
    }
    return place
  }

  private func equals(_ code: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = starts[code]
    guard starts[code + 1] - start == bytes.count else { return false }
    for index in 0..<bytes.count where pool[start + index] != bytes[index] { return false }
    return true
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for code in hashes.indices {
      var place = Int(truncatingIfNeeded: hashes[code]) & mask
      while slots[place] != 0 { place = (place + 1) & mask }
      slots[place] = UInt32(code + 1)
    }
  }
}
