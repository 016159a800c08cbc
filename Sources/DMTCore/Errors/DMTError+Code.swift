extension DMTError {
  /// What kind of failure an error is; it decides the status across the plugin contract and the exit code.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
      case invalidArgument = "invalid-argument"
      case invalidManifest = "invalid-manifest"
      case invalidData = "invalid-data"
      case shapeMismatch = "shape-mismatch"
      case notFound = "not-found"
      case alreadyExists = "already-exists"
      case unsupported = "unsupported"
      case pluginRefused = "plugin-refused"
      case pluginFailed = "plugin-failed"
      case notFinite = "not-finite"
      case interconnectFailed = "interconnect-failed"
      case io = "io"
      case cancelled = "cancelled"
      case internalError = "internal"
    }

    private var kind: Kind

    /// An argument, an attribute or a call that breaks its documented rule.
    public static let invalidArgument = Code(kind: .invalidArgument)
    /// A manifest that does not say what it must, or says what nobody knows.
    public static let invalidManifest = Code(kind: .invalidManifest)
    /// Data that cannot be read as the manifest says.
    public static let invalidData = Code(kind: .invalidData)
    /// Two shapes that do not fit.
    public static let shapeMismatch = Code(kind: .shapeMismatch)
    /// A file, a name, a column, a plugin that is not there.
    public static let notFound = Code(kind: .notFound)
    /// Something that would overwrite what exists.
    public static let alreadyExists = Code(kind: .alreadyExists)
    /// A request that is valid and that nobody here serves.
    public static let unsupported = Code(kind: .unsupported)
    /// A plugin that may not be loaded.
    public static let pluginRefused = Code(kind: .pluginRefused)
    /// A plugin that was loaded and failed.
    public static let pluginFailed = Code(kind: .pluginFailed)
    /// A loss, a gradient or a weight that is NaN or infinite.
    public static let notFinite = Code(kind: .notFinite)
    /// A rank that is missing, died, or did not arrive at a collective in time.
    public static let interconnectFailed = Code(kind: .interconnectFailed)
    /// A read or a write that the operating system refused.
    public static let io = Code(kind: .io)
    /// Work that was stopped on request.
    public static let cancelled = Code(kind: .cancelled)
    /// A rule of this project that this project broke.
    public static let internalError = Code(kind: .internalError)

    /// The stable name, such as `shape-mismatch`.
    public var description: String { kind.rawValue }

    /// The process exit code, after sysexits.h: 65 data, 66 missing input, 69 unavailable, 70 software, 74 I/O,
    /// 75 another rank, 78 manifest.
    public var exitCode: Int32 {
      switch kind {
      case .invalidArgument, .alreadyExists: 64
      case .invalidData, .notFinite: 65
      case .notFound: 66
      case .unsupported, .pluginRefused: 69
      case .pluginFailed, .internalError: 70
      case .io: 74
      case .interconnectFailed: 75
      case .invalidManifest, .shapeMismatch: 78
      case .cancelled: 130
      }
    }
  }
}
