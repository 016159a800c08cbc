/// Writes values one after the other, integers in little-endian order.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func write(_ value: Int) { write(UInt64(bitPattern: Int64(value))) }

  mutating func write(_ value: Double) { write(value.bitPattern) }

  mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

  mutating func write(_ value: String) { write(bytes: Array(value.utf8)) }

  mutating func write(bytes value: [UInt8]) {
    write(value.count)
    bytes.append(contentsOf: value)
  }

  mutating func write(_ values: [Int]) {
    write(values.count)
    for value in values { write(value) }
  }

  mutating func write(_ values: [Double]) {
    write(values.count)
    for value in values { write(value) }
  }
}

/// Reads what ``ByteWriter`` wrote; anything that does not fit makes the whole reading fail, never trap.
struct ByteReader {
  /// The bytes are not what was expected.
  struct Malformed: Error {}

  private let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// True when nothing is left.
  var isAtEnd: Bool { at == bytes.count }

  private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - at else { throw Malformed() }
    defer { at += count }
    return bytes[at..<at + count]
  }

  mutating func word() throws(Malformed) -> UInt64 {
    var value: UInt64 = 0
    for (shift, byte) in try take(8).enumerated() { value |= UInt64(byte) << UInt64(8 * shift) }
    return value
  }

  mutating func int() throws(Malformed) -> Int { Int(Int64(bitPattern: try word())) }

  /// An integer that is a count or a position: not negative.
  mutating func size() throws(Malformed) -> Int {
    let value = try int()
    guard value >= 0 else { throw Malformed() }
    return value
  }

  mutating func double() throws(Malformed) -> Double { Double(bitPattern: try word()) }

  mutating func bool() throws(Malformed) -> Bool {
    let bytes = try take(1)
    return bytes.first == 1
  }

  mutating func blob() throws(Malformed) -> [UInt8] { Array(try take(try size())) }

  mutating func string() throws(Malformed) -> String { String(decoding: try take(try size()), as: UTF8.self) }

  /// How many elements of at least `stride` bytes follow; more than are there is malformed.
  mutating func elementCount(stride: Int) throws(Malformed) -> Int {
    let count = try size()
    guard count <= (bytes.count - at) / max(1, stride) else { throw Malformed() }
    return count
  }

  mutating func ints() throws(Malformed) -> [Int] {
    var values: [Int] = []
    for _ in 0..<(try elementCount(stride: 8)) { values.append(try int()) }
    return values
  }

  mutating func doubles() throws(Malformed) -> [Double] {
    var values: [Double] = []
    for _ in 0..<(try elementCount(stride: 8)) { values.append(try double()) }
    return values
  }
}
