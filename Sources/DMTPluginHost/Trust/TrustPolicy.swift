public import DMTCore
internal import FoundationEssentials

/// Whose plugins may run: anybody's, signed ones, or listed ones.
public struct TrustPolicy: Sendable {
  /// How much is asked of a library before any of its code runs; each allows what those after it allow.
  public enum Mode: String, Sendable, Codable, CaseIterable, Comparable {
    /// Nothing.
    case any
    /// A signature of a trusted key, or its hash in the list.
    case signed
    /// Its hash in the list.
    case listed

    /// - Throws: ``DMTError/Code/invalidArgument`` for a word that is none of the three.
    public init(named name: String) throws(DMTError) {
      guard let mode = Mode(rawValue: name) else {
        throw DMTError(
          .invalidArgument, "trust is '\(name)', expected any, signed or listed",
          remedy: Spelling.suggestion(for: name, in: Mode.allCases.map(\.rawValue)))
      }
      self = mode
    }

    /// The looser first.
    public static func < (left: Mode, right: Mode) -> Bool {
      (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
  }

  public var mode: Mode
  /// Who asked for the mode: an option, a variable, a file, or the default.
  public var origin: String
  /// The files that hashes and keys come from, the system's first.
  public var files: [TrustFile]

  public init(_ mode: Mode = .any, origin: String = "the default", files: [TrustFile] = []) {
    self.mode = mode
    self.origin = origin
    self.files = files
  }

  /// The system's file, which all users share; it can only be tightened.
  public static let systemPath = "/etc/dmt/trust"

  /// The user's own file: `DMT_TRUST_FILE`, else `dmt/trust` in the configuration folder; nil when there is none, or the
  /// process has more rights than its user.
  public static func userPath(environment: [String: String]? = nil, isPrivileged: Bool? = nil) -> String? {
    guard !(isPrivileged ?? TrustedEnvironment.isPrivileged) else { return nil }
    let environment = environment ?? TrustedEnvironment.variables
    if let path = environment["DMT_TRUST_FILE"], !path.isEmpty { return path }
    return UserFolder.configuration.path(in: environment).map { $0 + "/dmt/trust" }
  }

  /// The policy of this process: the option, else `DMT_TRUST`, else the user's file; never looser than the system's file.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for an unknown mode, for one that is looser than the system's, and for a
  ///   trust file with a mistake.
  public static func resolve(
    option: String? = nil, environment: [String: String]? = nil, isPrivileged: Bool? = nil,
    systemPath: String = TrustPolicy.systemPath
  ) throws(DMTError) -> TrustPolicy {
    let isPrivileged = isPrivileged ?? TrustedEnvironment.isPrivileged
    let environment = isPrivileged ? [:] : environment ?? TrustedEnvironment.variables
    let system = try TrustFile(path: systemPath)
    var files = [system]
    if let path = userPath(environment: environment, isPrivileged: isPrivileged) {
      files.append(try TrustFile(path: path))
    }
    let floor = system.mode ?? .any
    let stated: [(text: String?, origin: String)] = [
      (option, "--trust"), (environment["DMT_TRUST"].flatMap { $0.isEmpty ? nil : $0 }, "DMT_TRUST"),
    ]
    for (text, origin) in stated {
      guard let text else { continue }
      let mode = try Mode(named: text)
      guard mode >= floor else {
        throw DMTError(
          .invalidArgument,
          "\(origin) asks for trust '\(mode.rawValue)', and \(systemPath) for '\(floor.rawValue)' at least",
          remedy: "leave it out, or ask the machine's administrator")
      }
      return TrustPolicy(mode, origin: origin, files: files)
    }
    if let user = files.last, let mode = user.mode, mode >= floor {
      return TrustPolicy(mode, origin: user.path, files: files)
    }
    return TrustPolicy(floor, origin: system.mode == nil ? "the default" : systemPath, files: files)
  }

  /// A library that is asked for must be a copy that nobody can write any more.
  var wantsSealedCopy: Bool { mode != .any }

  // MARK: Decisions

  /// Why a library is trusted, in words.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` when it is not: what was found, what was expected, and how to trust it.
  func decide(_ library: OpenedLibrary) throws(DMTError) -> String {
    if mode == .any { return "any plugin is (\(origin))" }
    for file in files {
      if let hash = file.hashes.first(where: { $0.sha256 == library.sha256 }) {
        return "its hash is listed in \(file.path)" + (hash.name.isEmpty ? "" : " as \(hash.name)")
      }
    }
    let listing = "`dmt plugin trust add \(library.path)` lists this very file"
    if mode == .listed {
      throw DMTError(
        .pluginRefused,
        "\(library.path) is not trusted: its SHA-256 \(library.sha256) is none of the \(files.flatMap(\.hashes).count) "
          + "listed in \(fileNames) (trust is 'listed' by \(origin))", remedy: listing)
    }
    return try signer(of: library, listing: listing)
  }

  private var fileNames: String { files.map(\.path).joined(separator: " and ") }

  private func signer(of library: OpenedLibrary, listing: String) throws(DMTError) -> String {
    let path = library.path + MinisignSignature.suffix
    let keys = files.flatMap(\.keys)
    guard let data = FileManager.default.contents(atPath: path), data.count <= MinisignSignature.maximumSize else {
      throw DMTError(
        .pluginRefused,
        "\(library.path) is not trusted: it has no signature \(path), and its SHA-256 \(library.sha256) is not listed "
          + "in \(fileNames) (trust is 'signed' by \(origin))",
        remedy: "sign it (minisign -S -m \(library.path)), or \(listing)")
    }
    let signature = try MinisignSignature(String(decoding: data, as: UTF8.self), path: path)
    guard let key = keys.first(where: { $0.key.identifier == signature.identifier }) else {
      let known = keys.map { $0.key.name + ($0.name.isEmpty ? "" : " (\($0.name))") }
      throw DMTError(
        .pluginRefused,
        "\(library.path) is not trusted: key \(MinisignPublicKey.name(of: signature.identifier)) signed it, expected "
          + (known.isEmpty ? "a key of \(fileNames), which have none" : known.joined(separator: " or ")),
        remedy: "`dmt plugin trust add minisign.pub` trusts the signer's key")
    }
    try signature.verify(library.bytes, by: key.key, file: library.path)
    return "key \(key.key.name)" + (key.name.isEmpty ? "" : " (\(key.name))")
      + " signed it: \(signature.trustedComment)"
  }
}
