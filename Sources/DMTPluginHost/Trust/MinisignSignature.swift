internal import Crypto
internal import DMTCore
internal import FoundationEssentials

/// A signature file of minisign, which lies beside what it signs as `FILE.minisig`.
struct MinisignSignature {
  /// Added to the name of the signed file.
  static let suffix = ".minisig"
  /// Larger files are no signatures.
  static let maximumSize = 65536

  /// The file itself is signed (`minisign -S -l`).
  static let legacyAlgorithm = Array("Ed".utf8)
  /// BLAKE2b-512 of the file is signed, as minisign does unless told otherwise.
  static let hashedAlgorithm = Array("ED".utf8)

  let algorithm: [UInt8]
  /// Names the key.
  let identifier: [UInt8]
  private let signature: [UInt8]
  /// What the signer adds, and signs too.
  let trustedComment: String
  private let commentSignature: [UInt8]

  /// - Parameter path: for messages.
  /// - Throws: ``DMTError/Code/pluginRefused`` when the text is no signature.
  init(_ text: String, path: String) throws(DMTError) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasSuffix("\r") ? String($0.dropLast()) : String($0) }
    let prefix = "trusted comment: "
    guard lines.count >= 4, lines[0].hasPrefix("untrusted comment:"), lines[2].hasPrefix(prefix),
      let body = Data(base64Encoded: lines[1]).map([UInt8].init), body.count == 74,
      let comment = Data(base64Encoded: lines[3]).map([UInt8].init), comment.count == 64,
      body.starts(with: Self.legacyAlgorithm) || body.starts(with: Self.hashedAlgorithm)
    else {
      throw DMTError(
        .pluginRefused, "\(path) is no signature of minisign",
        remedy: "sign the library again: minisign -S -m LIBRARY")
    }
    algorithm = Array(body[..<2])
    identifier = Array(body[2..<10])
    signature = Array(body[10...])
    trustedComment = String(lines[2].dropFirst(prefix.count))
    commentSignature = comment
  }

  /// Whether `key` signed `bytes` and the trusted comment.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused``, which says whether the file or the comment was changed.
  func verify(_ bytes: [UInt8], by key: MinisignPublicKey, file: String) throws(DMTError) {
    let signed = algorithm == Self.hashedAlgorithm ? BLAKE2b.hash(bytes) : bytes
    guard let verifier = try? Curve25519.Signing.PublicKey(rawRepresentation: key.key) else {
      throw DMTError(
        .pluginRefused, "key \(key.name) is no Ed25519 key", remedy: "remove it with `dmt plugin trust remove`")
    }
    guard verifier.isValidSignature(signature, for: signed) else {
      throw DMTError(
        .pluginRefused, "\(file) is not what key \(key.name) signed: the library or its signature was changed",
        remedy: "install library and signature of one release again")
    }
    guard verifier.isValidSignature(commentSignature, for: signature + Array(trustedComment.utf8)) else {
      throw DMTError(
        .pluginRefused,
        "the trusted comment of \(file)\(Self.suffix), '\(trustedComment)', is not what key \(key.name) signed",
        remedy: "install the signature of the release again")
    }
  }
}
