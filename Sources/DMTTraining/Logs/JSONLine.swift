/// Builds one line of JSON in a buffer that is used again for the next, so that a step's line costs no allocation once the
/// buffer has grown.
package struct JSONLine {
  /// The line so far.
  private(set) var bytes: [UInt8] = []

  init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

  /// Starts a line: `{"event":"NAME"`.
  mutating func begin(_ event: StaticString) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(UInt8(ascii: "{"))
    appendKey("event")
    bytes.append(UInt8(ascii: "\""))
    event.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Ends the line.
  mutating func end() {
    bytes.append(UInt8(ascii: "}"))
    bytes.append(UInt8(ascii: "\n"))
  }

  package mutating func add(_ key: StaticString, _ value: Int) {
    next(key)
    appendInteger(value)
  }

  /// A float in the fewest digits that read back the same; JSON has no NaN, so what is not finite becomes `null`.
  ///
  /// A float's text always fits Swift's in-place strings (15 bytes), so this allocates nothing.
  package mutating func add(_ key: StaticString, _ value: Float) {
    next(key)
    appendText(value.isFinite ? value.description : "null")
  }

  /// A double in the fewest digits that read back the same; `null` when it is nil or not finite.
  package mutating func add(_ key: StaticString, _ value: Double?) {
    next(key)
    if let value, value.isFinite { appendText(value.description) } else { appendText("null") }
  }

  package mutating func add(_ key: StaticString, _ value: String) {
    next(key)
    bytes.append(UInt8(ascii: "\""))
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case UInt8(ascii: "\n"): appendText("\\n")
      case 0..<0x20:
        appendText("\\u00")
        appendHex(byte >> 4)
        appendHex(byte & 15)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func next(_ key: StaticString) {
    bytes.append(UInt8(ascii: ","))
    appendKey(key)
  }

  private mutating func appendKey(_ key: StaticString) {
    bytes.append(UInt8(ascii: "\""))
    key.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func appendText(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func appendHex(_ digit: UInt8) {
    bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
  }

  private mutating func appendInteger(_ value: Int) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }
}
