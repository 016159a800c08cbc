internal import DMTCore

/// Something that an examination of a plugin or of the machine found.
public struct Finding: Sendable, Hashable, Encodable {
  /// What kind of thing it is; the names are stable, for scripts.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case missingFile = "missing-file"
    case missingSidecar = "missing-sidecar"
    case badSidecar = "bad-sidecar"
    case wrongContract = "wrong-contract"
    case wrongCPU = "wrong-cpu"
    case outsideFolder = "outside-folder"
    case permissions
    case wrongHash = "wrong-hash"
    case untrusted
    case notALibrary = "not-a-library"
    case wrongArchitecture = "wrong-architecture"
    case missingLibrary = "missing-library"
    case missingSwiftRuntime = "missing-swift-runtime"
    case otherCompiler = "other-compiler"
    case wrongGlibc = "wrong-glibc"
    case missingVersion = "missing-version"
    case undefinedSymbol = "undefined-symbol"
    case noEntry = "no-entry"
    case quarantined
    case refused
    case mismatch
    case shadowed
    case machine
  }

  public var kind: Kind
  /// The plugin cannot be used because of it; otherwise it is worth knowing.
  public var isProblem: Bool
  /// What was found and what was expected.
  public var message: String
  /// What to do about it.
  public var remedy: String?

  init(_ kind: Kind, _ message: String, remedy: String? = nil, isProblem: Bool = true) {
    self.kind = kind
    self.message = message
    self.remedy = remedy
    self.isProblem = isProblem
  }

  init(_ kind: Kind, _ error: DMTError) { self.init(kind, error.message, remedy: error.remedy) }

  /// `problem KIND: MESSAGE`, and the remedy on a line of its own.
  public var text: String {
    "\(isProblem ? "problem" : "note") \(kind.rawValue): \(message)" + (remedy.map { "\n  fix: \($0)" } ?? "")
  }
}
