import DMTCore

/// Reads the JSON header of a safetensors file, which is one object of objects and nothing deeper.
///
/// It is strict where a general JSON reader is not: a name that appears twice, an unknown key, a number that is not a
/// whole one, bytes that are no UTF-8 are errors, because each of them means that the writer and this reader disagree
/// about what the file holds.
struct SafetensorsHeaderParser {
  /// What one value of the outer object says about a tensor, before the offsets are checked against the file.
  struct RawEntry {
    var name: String
    var dtype: String
    var shape: [Int]
    var begin: Int
    var end: Int
  }

  let bytes: UnsafeRawBufferPointer
  let path: String
  private var position = 0

  init(bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// Reads the whole header.
  ///
  /// - Throws: ``DMTError/Code/invalidData`` with the byte at which the header stops making sense.
  mutating func parse() throws(DMTError) -> (entries: [RawEntry], metadata: [String: String]) {
    var entries: [RawEntry] = []
    var metadata: [String: String] = [:]
    var seen: Set<String> = []
    try expect("{")
    if !take("}") {
      repeat {
        let name = try string()
        guard seen.insert(name).inserted else { throw failure("'\(name)' appears twice") }
        try expect(":")
        if name == "__metadata__" {
          metadata = try stringObject()
        } else {
          entries.append(try entry(name))
        }
      } while take(",")
      try expect("}")
    }
    skipBlanks()
    guard position == bytes.count else { throw failure("something follows the closing brace") }
    return (entries, metadata)
  }

  private mutating func entry(_ name: String) throws(DMTError) -> RawEntry {
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    try expect("{")
    repeat {
      let key = try string()
      try expect(":")
      switch key {
      case "dtype" where dtype == nil: dtype = try string()
      case "shape" where shape == nil: shape = try wholeNumbers()
      case "data_offsets" where offsets == nil: offsets = try wholeNumbers()
      case "dtype", "shape", "data_offsets": throw failure("tensor '\(name)' has '\(key)' twice")
      default: throw failure("tensor '\(name)' has the unknown key '\(key)'")
      }
    } while take(",")
    try expect("}")
    guard let dtype, let shape, let offsets else {
      throw failure("tensor '\(name)' lacks one of dtype, shape and data_offsets")
    }
    guard offsets.count == 2 else { throw failure("tensor '\(name)' has \(offsets.count) data_offsets, expected 2") }
    return RawEntry(name: name, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }

  private mutating func stringObject() throws(DMTError) -> [String: String] {
    var result: [String: String] = [:]
    try expect("{")
    if take("}") { return result }
    repeat {
      let key = try string()
      try expect(":")
      guard result.updateValue(try string(), forKey: key) == nil else { throw failure("metadata has '\(key)' twice") }
    } while take(",")
    try expect("}")
    return result
  }

  private mutating func wholeNumbers() throws(DMTError) -> [Int] {
    var numbers: [Int] = []
    try expect("[")
    if take("]") { return numbers }
    repeat { numbers.append(try wholeNumber()) } while take(",")
    try expect("]")
    return numbers
  }

  private mutating func wholeNumber() throws(DMTError) -> Int {
    skipBlanks()
    let start = position
    var value = 0
    while position < bytes.count, case let digit = bytes[position], digit >= 0x30, digit <= 0x39 {
      let (tens, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, stillTooLarge) = tens.addingReportingOverflow(Int(digit - 0x30))
      if tooLarge || stillTooLarge { throw failure("the number is too large") }
      value = sum
      position += 1
    }
    guard position > start else { throw failure("expected a whole number of at least 0") }
    return value
  }

  /// A quoted text, with JSON's escapes.
  private mutating func string() throws(DMTError) -> String {
    try expect("\"")
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let result = String(validating: text, as: UTF8.self) else { throw failure("the text is not UTF-8") }
        return result
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw failure("a control character inside a text")
      default: text.append(byte)
      }
    }
    throw failure("a text has no closing quote")
  }

  private mutating func escape(into text: inout [UInt8]) throws(DMTError) {
    guard position < bytes.count else { throw failure("an escape is cut off") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexQuad()
      if (0xD800..<0xDC00).contains(code) {
        guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
          bytes[position + 1] == UInt8(ascii: "u")
        else { throw failure("half of a surrogate pair") }
        position += 2
        let low = try hexQuad()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair") }
      text.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw failure("an unknown escape")
    }
  }

  private mutating func hexQuad() throws(DMTError) -> UInt32 {
    guard position + 4 <= bytes.count else { throw failure("an escape is cut off") }
    var code: UInt32 = 0
    for _ in 0..<4 {
      let byte = bytes[position]
      let digit: UInt32
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt32(byte - UInt8(ascii: "a")) + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt32(byte - UInt8(ascii: "A")) + 10
      default: throw failure("expected four hexadecimal digits")
      }
      code = code << 4 | digit
      position += 1
    }
    return code
  }

  private mutating func skipBlanks() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(DMTError) {
    guard take(character) else {
      let found = position < bytes.count ? "byte 0x" + String(bytes[position], radix: 16) : "the end"
      throw failure("expected '\(character)', found \(found)")
    }
  }

  private func failure(_ problem: String) -> DMTError {
    DMTError(
      .invalidData, "the header of the safetensors file is malformed at its byte \(position): \(problem)",
      place: .init(file: path), remedy: "the file is damaged or is no safetensors file; make or copy it again")
  }
}
