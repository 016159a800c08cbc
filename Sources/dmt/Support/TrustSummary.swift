import DMTCore
import DMTPluginHost

/// What is trusted here, for people and for programs.
struct TrustSummary: Encodable {
  struct Key: Encodable {
    var id: String
    var key: String
    var name: String
  }

  struct File: Encodable {
    var path: String
    var policy: TrustPolicy.Mode?
    var sha256: [TrustFile.Hash]
    var minisign: [Key]
  }

  var policy: TrustPolicy.Mode
  var origin: String
  var files: [File]

  init(_ policy: TrustPolicy) {
    self.policy = policy.mode
    origin = policy.origin
    files = policy.files.map { file in
      File(
        path: file.path, policy: file.mode, sha256: file.hashes,
        minisign: file.keys.map { Key(id: $0.key.name, key: $0.key.text, name: $0.name) })
    }
  }

  var text: String {
    var lines = ["policy \(policy.rawValue) (\(origin))"]
    for file in files {
      let isEmpty = file.policy == nil && file.sha256.isEmpty && file.minisign.isEmpty
      lines.append("\(file.path)" + (isEmpty ? ": nothing" : ""))
      if let policy = file.policy { lines.append("  policy \(policy.rawValue)") }
      lines += file.sha256.map { "  sha256 \($0.sha256)  \($0.name)" }
      lines += file.minisign.map { "  key \($0.id)  \($0.name)" }
    }
    return lines.joined(separator: "\n")
  }

  /// The file that the user changes.
  static func userFile() throws(DMTError) -> TrustFile {
    guard let path = TrustPolicy.userPath() else {
      throw DMTError(
        .notFound, "there is no trust file of this user: neither DMT_TRUST_FILE, XDG_CONFIG_HOME nor HOME is set",
        remedy: "name one: DMT_TRUST_FILE=/home/me/.config/dmt/trust")
    }
    return try TrustFile(path: path)
  }
}
