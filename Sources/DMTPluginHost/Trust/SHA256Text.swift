internal import Crypto
internal import DMTCore

/// SHA-256 in hexadecimal, as sidecars and trust files have it.
enum SHA256Text {
  /// The hash of `bytes`, 64 small digits.
  static func hash(of bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { SHA256.hash(data: $0) }.hexadecimal
  }

  /// The hash that a text states, in small digits; nil when it states none.
  static func parse(_ text: String) -> String? {
    let isHash = text.utf8.count == 64 && text.allSatisfy { $0.isASCII && $0.isHexDigit }
    return isHash ? text.lowercased() : nil
  }
}
