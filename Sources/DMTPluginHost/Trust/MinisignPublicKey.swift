public import DMTCore
internal import FoundationEssentials

/// A public key of minisign: who signed a plugin.
public struct MinisignPublicKey: Sendable, Hashable {
  /// The key as minisign prints it: 56 characters of base64 that begin with RW.
  public let text: String
  /// Eight bytes that a signature names its key by.
  let identifier: [UInt8]
  /// The Ed25519 key, 32 bytes.
  let key: [UInt8]

  /// The identifier as minisign prints it.
  public var name: String { Self.name(of: identifier) }

  /// - Parameter text: the key alone, or a whole file `minisign.pub`.
  /// - Throws: ``DMTError/Code/invalidArgument`` for anything else.
  public init(_ text: String) throws(DMTError) {
    let line =
      text.split(separator: "\n").map { $0.filter { $0 != "\r" && $0 != " " } }
      .last { !$0.isEmpty && !$0.hasPrefix("untrusted") } ?? ""
    guard let bytes = Data(base64Encoded: line).map([UInt8].init), bytes.count == 42,
      bytes.starts(with: MinisignSignature.legacyAlgorithm)
    else {
      throw DMTError(
        .invalidArgument,
        "'\(line.prefix(80))' is no public key of minisign, expected 56 characters that begin with RW",
        remedy: "take the last line of the signer's minisign.pub")
    }
    self.text = line
    identifier = Array(bytes[2..<10])
    key = Array(bytes[10...])
  }

  /// Eight bytes as minisign prints them: one hexadecimal number.
  static func name(of identifier: [UInt8]) -> String {
    identifier.reversed().hexadecimal.uppercased()
  }
}
