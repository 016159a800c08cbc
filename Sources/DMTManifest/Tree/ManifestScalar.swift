/// A scalar as it was written, and what it means by YAML 1.2's core schema.
///
/// `yes`, `no`, `on` and `off` are texts, so that the language `no` needs no quotes.
public struct ManifestScalar: Sendable, Equatable {
  /// What a scalar means.
  public enum Value: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int)
    /// Also a whole number too large for `int`.
    case double(Double)
    case text(String)
  }

  /// The characters, without quotes.
  public var text: String
  /// Not quoted and not a block: only then can it be something else than a text.
  public var isPlain: Bool

  public init(_ text: String, isPlain: Bool) {
    self.text = text
    self.isPlain = isPlain
  }

  /// What the scalar means.
  public var value: Value {
    guard isPlain else { return .text(text) }
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".nan", ".NaN", ".NAN": return .double(.nan)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .double(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .double(-.infinity)
    default: return number ?? .text(text)
    }
  }

  /// The value in words, for messages.
  public var phrase: String {
    switch value {
    case .null: "empty"
    case .bool(let flag): String(flag)
    case .int, .double: "the number \(text)"
    case .text(let text): "the text '\(text)'"
    }
  }

  /// A finite number as YAML 1.1 and 1.2 both read it: `1.0e-08` where Swift prints `1e-08`.
  static func text(of value: Double) -> String {
    let text = String(value)
    guard let exponent = text.firstIndex(of: "e"), !text[..<exponent].contains(".") else { return text }
    return text[..<exponent] + ".0" + text[exponent...]
  }

  private var number: Value? {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] where text.hasPrefix(prefix) {
      let digits = text.dropFirst(2)
      return digits.allSatisfy(\.isHexDigit) ? Int(digits, radix: radix).map(Value.int) : nil
    }
    let bytes = Array(text.utf8)
    guard isDecimal(bytes), let double = Double(text) else { return nil }
    if bytes.allSatisfy({ !".eE".utf8.contains($0) }) { return Int(text).map(Value.int) ?? .double(double) }
    return .double(double)
  }

  /// Matches `[-+]? ( [0-9]+ (. [0-9]*)? | . [0-9]+ ) ([eE] [-+]? [0-9]+)?`.
  private func isDecimal(_ bytes: [UInt8]) -> Bool {
    var position = 0
    func skipSign() { if position < bytes.count, "+-".utf8.contains(bytes[position]) { position += 1 } }
    func skipDigits() -> Int {
      let start = position
      while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
      return position - start
    }
    skipSign()
    var digits = skipDigits()
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      digits += skipDigits()
    }
    guard digits > 0 else { return false }
    if position < bytes.count, "eE".utf8.contains(bytes[position]) {
      position += 1
      skipSign()
      guard skipDigits() > 0 else { return false }
    }
    return position == bytes.count
  }
}
