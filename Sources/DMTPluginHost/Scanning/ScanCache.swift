internal import CDMTHostShims
internal import CDMTPlugin
internal import Crypto
internal import DMTBridge
internal import DMTCore
internal import FoundationEssentials
internal import Glibc

/// Results of scans by the content of the library, so that a plugin is scanned once.
///
/// A result holds for this host, this contract and this CPU; a cache of another one, or one that cannot be read, is made
/// anew. That the file cannot be written is no failure: the next start scans again.
public struct ScanCache: Sendable {
  /// Grows when the meaning of an entry changes.
  static let format = 1
  /// Entries kept at most; the oldest go.
  private static let capacity = 512

  private struct Entry: Codable {
    var result: ScanResult
    /// Counts up with every use that was written.
    var order: Int
  }

  private struct Contents: Codable {
    var format: Int
    var host: String
    var entries: [String: Entry]
  }

  /// The file; nil: nothing is kept.
  public let path: String?
  private let host: String
  private var entries: [String: Entry] = [:]
  private var isChanged = false

  /// Reads the cache at `path`.
  ///
  /// - Parameter host: names this host; entries of another one are not used.
  public init(path: String? = ScanCache.defaultPath, host: String = ScanCache.hostName) {
    self.path = path
    self.host = host
    guard let path, let data = FileManager.default.contents(atPath: path),
      let contents = try? JSONDecoder().decode(Contents.self, from: data), contents.format == Self.format,
      contents.host == host
    else { return }
    entries = contents.entries
  }

  /// `dmt/plugins.json` in the user's cache folder; nil when there is none, or the process has more rights than its user.
  public static var defaultPath: String? {
    let environment = ProcessInfo.processInfo.environment
    guard dmt_is_privileged() == 0 else { return nil }
    if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return folder + "/dmt/plugins.json" }
    if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.cache/dmt/plugins.json" }
    return nil
  }

  /// Contract, version, compiler, CPU and the program's own file.
  public static var hostName: String {
    var status = stat()
    let path = PluginSearchPath.executablePath
    let build = stat(path, &status) == 0 ? "\(status.st_size)-\(status.st_mtim.tv_sec)" : "unknown"
    return "contract \(DMT_ABI_MAJOR).\(DMT_ABI_MINOR), dmt \(HostServices.version) \(build), \(Toolchain.compiler), "
      + "\(dmt_cpu.host.isaName) \(String(dmt_cpu.host.features, radix: 16))"
  }

  /// The result of the library with this hash, when it was scanned before.
  public subscript(sha256: String) -> ScanResult? { entries[sha256]?.result }

  /// Keeps a result.
  public mutating func insert(_ result: ScanResult, sha256: String) {
    let order = (entries.values.map(\.order).max() ?? 0) + 1
    entries[sha256] = Entry(result: result, order: order)
    if entries.count > Self.capacity, let oldest = entries.min(by: { $0.value.order < $1.value.order })?.key {
      entries[oldest] = nil
    }
    isChanged = true
  }

  /// Writes the file when something changed: to a name of its own first, then renamed.
  ///
  /// - Returns: why it could not be written; nil when it was, or need not be.
  @discardableResult
  public mutating func save() -> String? {
    guard isChanged, let path else { return nil }
    isChanged = false
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    let temporary = "\(path).\(getpid()).tmp"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      let data = try encoder.encode(Contents(format: Self.format, host: host, entries: entries))
      try data.write(to: URL(filePath: temporary))
    } catch {
      unlink(temporary)
      return "the plugin cache \(path) cannot be written: \(error)"
    }
    guard rename(temporary, path) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      return "the plugin cache \(path) cannot be written: \(reason)"
    }
    return nil
  }

  /// SHA-256 of a file in hexadecimal; nil when it cannot be read.
  static func hash(of path: String) -> String? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    return SHA256.hash(data: data).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
