public import CDMTPlugin
public import DMTCore
internal import FoundationEssentials

/// `plugin.json`, the file beside a plugin's library that is read before any of its code runs.
public struct PluginSidecar: Sendable, Hashable, Codable {
  /// Major and minor of the contract: `{"major": 1, "minor": 0}` or `"1.0"`.
  public struct ABI: Sendable, Hashable, Codable {
    public var major: Int
    public var minor: Int

    public init(from decoder: any Decoder) throws {
      if let text = try? decoder.singleValueContainer().decode(String.self) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1] else {
          throw DecodingError.dataCorrupted(
            DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "expected MAJOR.MINOR"))
        }
        (self.major, self.minor) = (major, minor)
        return
      }
      let container = try decoder.container(keyedBy: CodingKeys.self)
      major = try container.decode(Int.self, forKey: .major)
      minor = try container.decode(Int.self, forKey: .minor)
    }
  }

  /// Packages that bring the libraries it needs.
  public struct Requirements: Sendable, Hashable, Codable {
    /// Names of Debian packages.
    public var debian: [String]?
  }

  /// A library for CPUs from a level on.
  public struct Variant: Sendable, Hashable, Codable {
    /// `x86-64-v2` .. `x86-64-v4`.
    public var isa: String
    /// File beside the sidecar.
    public var library: String
    /// SHA-256 of the library in hexadecimal.
    public var sha256: String?
  }

  public var id: String
  public var name: String
  public var version: String
  public var abi: ABI
  /// The lowest minor of a host; nil: that of `abi`.
  public var minimumHostMinor: Int?
  public var kinds: [String]
  public var library: String?
  public var variants: [Variant]?
  public var sha256: String?
  public var license: String?
  public var summary: String?
  public var requires: Requirements?
  /// For a level of CPU that the user caps kernels at: environment variables by which the library behind the plugin learns
  /// it, where that reads them when it is opened and has no call for it.
  public var isaEnvironment: [String: [String: String]]?

  enum CodingKeys: String, CodingKey {
    case id, name, version, abi, kinds, library, variants, sha256, license, summary, requires
    case minimumHostMinor = "min_host_minor"
    case isaEnvironment = "isa_environment"
  }

  /// The file's name.
  public static let fileName = "plugin.json"

  /// Reads and checks a sidecar.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` for a file that cannot be read, is no JSON, lacks a field, or names another
  ///   contract than this host has.
  public init(path: String) throws(DMTError) {
    try self.init(unchecked: path)
    try checkContract()
  }

  /// Reads a sidecar of any contract.
  init(unchecked path: String) throws(DMTError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DMTError(.pluginRefused, "the sidecar \(path) cannot be read")
    }
    do {
      self = try JSONDecoder().decode(PluginSidecar.self, from: data)
    } catch let error as DecodingError {
      throw DMTError(
        .pluginRefused, "the sidecar \(path) \(Self.explain(error))",
        remedy:
          "fields: id, name, version, abi {major, minor}, min_host_minor, kinds, library or variants (docs/plugins.md)")
    } catch {
      throw DMTError(.pluginRefused, "the sidecar \(path) cannot be read: \(error)")
    }
  }

  /// Compares the contract that the plugin was built for with this host's.
  func checkContract() throws(DMTError) {
    guard abi.major == Int(DMT_ABI_MAJOR) else {
      throw DMTError(
        .pluginRefused,
        "it was built for contract \(abi.major).\(abi.minor), this host has contract "
          + "\(DMT_ABI_MAJOR).\(DMT_ABI_MINOR); the major numbers must be equal",
        remedy: abi.major > Int(DMT_ABI_MAJOR)
          ? "update dmt, or rebuild the plugin with this dmt's headers" : "rebuild the plugin with this dmt's headers")
    }
    let needed = minimumHostMinor ?? abi.minor
    guard needed <= Int(DMT_ABI_MINOR) else {
      throw DMTError(
        .pluginRefused,
        "it needs a host with contract \(abi.major).\(needed) or newer, this host has "
          + "\(DMT_ABI_MAJOR).\(DMT_ABI_MINOR)", remedy: "update dmt")
    }
  }

  /// Whether a sidecar may set this environment variable: not one that the dynamic linker or dmt itself reads.
  static func mayBeSet(_ variable: String) -> Bool {
    !variable.isEmpty && !variable.hasPrefix("LD_") && !variable.hasPrefix("DMT_")
      && variable.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
  }

  private static func explain(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the file" : "'" + path.map(\.stringValue).joined(separator: ".") + "'"
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "lacks '\((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))'"
    case .typeMismatch(let type, let context):
      return "has \(place(context.codingPath)) of another type, expected \(type)"
    case .valueNotFound(_, let context): return "has null at \(place(context.codingPath))"
    case .dataCorrupted(let context) where context.codingPath.isEmpty: return "is no JSON"
    case .dataCorrupted(let context): return "has \(place(context.codingPath)) that cannot be read"
    @unknown default: return "cannot be read"
    }
  }

  /// The library for a CPU: the variant of the highest level that the CPU has, else `library`.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` when every variant needs more than the CPU has, or none is named.
  public func library(for cpu: dmt_cpu) throws(DMTError) -> (file: String, sha256: String?) {
    var best: (level: Int32, file: String, sha256: String?)?
    for variant in variants ?? [] {
      guard let level = Self.level(variant.isa) else {
        throw DMTError(
          .pluginRefused, "variant '\(variant.isa)' is unknown, expected x86-64-v1 to x86-64-v4 or aarch64")
      }
      if level <= cpu.isa_level, level > (best?.level ?? -1), level > 0 || cpu.isa_level == 0 {
        best = (level, variant.library, variant.sha256)
      }
    }
    if let best { return (best.file, best.sha256) }
    if let library { return (library, sha256) }
    guard let variants, !variants.isEmpty else {
      throw DMTError(.pluginRefused, "its sidecar names neither 'library' nor 'variants'")
    }
    throw DMTError(
      .pluginRefused,
      "it has no library for this CPU (\(cpu.isaName)), only for \(variants.map(\.isa).joined(separator: ", "))",
      remedy: "build it for \(cpu.isaName)")
  }

  /// Level of an ISA's name, 0 for an architecture without levels.
  private static func level(_ isa: String) -> Int32? {
    if isa == "aarch64" { return 0 }
    guard isa.hasPrefix("x86-64-v"), let level = Int32(isa.dropFirst(8)), (1...4).contains(level) else { return nil }
    return level
  }
}
