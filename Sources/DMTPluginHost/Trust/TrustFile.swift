public import DMTCore
internal import FoundationEssentials
internal import Glibc

/// A file of what is trusted, a line each: `policy MODE`, `sha256 HASH NAME`, `minisign KEY NAME`.
///
/// Empty lines and lines that begin with # are kept as they are.
public struct TrustFile: Sendable {
  /// A library that is trusted, whoever made it.
  public struct Hash: Sendable, Hashable, Codable {
    public var sha256: String
    /// Says what it is, for people.
    public var name: String

    public init(sha256: String, name: String) {
      self.sha256 = sha256
      self.name = name
    }
  }

  /// A signer who is trusted.
  public struct Key: Sendable, Hashable {
    public var key: MinisignPublicKey
    /// Says who it is, for people.
    public var name: String

    public init(key: MinisignPublicKey, name: String) {
      self.key = key
      self.name = name
    }
  }

  /// The file; it need not exist.
  public let path: String
  private var lines: [String] = []
  /// What the file asks for; nil: nothing.
  public private(set) var mode: TrustPolicy.Mode?
  public private(set) var hashes: [Hash] = []
  public private(set) var keys: [Key] = []

  /// Reads a file; one that does not exist is empty.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` with the line that is wrong, ``DMTError/Code/pluginRefused`` for a file
  ///   that others can write, ``DMTError/Code/io`` for one that cannot be read.
  public init(path: String) throws(DMTError) {
    self.path = path
    var status = stat()
    guard stat(path, &status) == 0 else {
      guard errno == ENOENT || errno == ENOTDIR else {
        throw DMTError(.io, "the trust file \(path) cannot be read: \(String(cString: strerror(errno)))")
      }
      return
    }
    try FilePermissions.checkTrustFile(path, status)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DMTError(.io, "the trust file \(path) cannot be read", remedy: "make it readable, or name another one")
    }
    lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(
      String.init)
    if lines.last == "" { lines.removeLast() }
    for (index, line) in lines.enumerated() {
      do throws(DMTError) {
        try read(line)
      } catch {
        throw error.at(DMTError.Place(file: path, line: index + 1))
      }
    }
  }

  private mutating func read(_ line: String) throws(DMTError) {
    let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true).map(String.init)
    guard let kind = words.first, !kind.hasPrefix("#") else { return }
    let name = words.count > 2 ? words[2].trimmed : ""
    let value = words.count > 1 ? words[1].trimmed : ""
    switch kind {
    case "policy": mode = try TrustPolicy.Mode(named: value)
    case "sha256": hashes.append(Hash(sha256: try Self.hash(value), name: name))
    case "minisign": keys.append(Key(key: try MinisignPublicKey(value), name: name))
    default:
      throw DMTError(
        .invalidArgument, "'\(kind)' is unknown, expected policy, sha256 or minisign",
        remedy: Spelling.suggestion(for: kind, in: ["policy", "sha256", "minisign"]))
    }
  }

  private static func hash(_ text: String) throws(DMTError) -> String {
    guard let hash = SHA256Text.parse(text) else {
      throw DMTError(
        .invalidArgument, "'\(text)' is no SHA-256, expected 64 hexadecimal digits",
        remedy: "`dmt plugin trust add FILE` hashes a file itself")
    }
    return hash
  }

  // MARK: Changes

  /// Trusts a library; nothing happens when it is trusted already.
  ///
  /// - Returns: whether it is new.
  @discardableResult
  public mutating func add(_ hash: Hash) -> Bool {
    guard !hashes.contains(where: { $0.sha256 == hash.sha256 }) else { return false }
    hashes.append(hash)
    lines.append("sha256 \(hash.sha256) \(hash.name)".trimmed)
    return true
  }

  /// Trusts a signer; nothing happens when he is trusted already.
  ///
  /// - Returns: whether he is new.
  @discardableResult
  public mutating func add(_ key: Key) -> Bool {
    guard !keys.contains(where: { $0.key == key.key }) else { return false }
    keys.append(key)
    lines.append("minisign \(key.key.text) \(key.name)".trimmed)
    return true
  }

  /// Trusts a library or a signer no more.
  ///
  /// - Parameter value: a hash, or a key's text.
  /// - Returns: whether it was trusted.
  @discardableResult
  public mutating func remove(_ value: String) -> Bool {
    let before = lines.count
    lines.removeAll { line in
      let words = line.split(separator: " ", maxSplits: 2)
      guard words.count > 1, words[0] == "sha256" || words[0] == "minisign" else { return false }
      return words[0] == "sha256" ? words[1].lowercased() == value : words[1] == value
    }
    hashes.removeAll { $0.sha256 == value }
    keys.removeAll { $0.key.text == value }
    return lines.count != before
  }

  /// Asks for a policy.
  public mutating func set(_ mode: TrustPolicy.Mode) {
    self.mode = mode
    lines.removeAll { $0.split(separator: " ").first == "policy" }
    lines.insert("policy \(mode.rawValue)", at: lines.prefix { $0.hasPrefix("#") }.count)
  }

  /// Writes the file: to a name of its own first, then renamed.
  ///
  /// - Throws: ``DMTError/Code/io`` when the system refuses.
  public func save() throws(DMTError) {
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    let temporary = "\(path).\(getpid()).tmp"
    do {
      if !folder.isEmpty { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
      try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: temporary))
      // Not even by a loose umask may others write what decides whose code runs.
      guard chmod(temporary, 0o644) == 0, rename(temporary, path) == 0 else {
        throw DMTError(.io, String(cString: strerror(errno)))
      }
    } catch {
      unlink(temporary)
      throw DMTError(
        .io, "the trust file \(path) cannot be written: \((error as? DMTError)?.message ?? "\(error)")",
        remedy: "make \(folder) writable, or name another file with DMT_TRUST_FILE")
    }
  }
}

extension String {
  /// Without blanks at the ends.
  fileprivate var trimmed: String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
