internal import CDMTPlugin
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
  static let format = 2
  /// Entries kept at most; the oldest go.
  private static let capacity = 512

  private struct Entry: Codable {
    var result: ScanResult
    /// Where the library was when it was scanned.
    var library: String
    /// When, in seconds since 1970.
    var time: Double
    /// What the library needs, as it was; empty for an accepted plugin.
    var dependencies: [String: String]
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
  /// Whose entries these are.
  var hostKey: String { host }
  private var entries: [String: Entry] = [:]
  private var isChanged = false

  /// Reads the cache at `path`.
  ///
  /// - Parameter host: names this host; entries of another one are not used.
  public init(path: String? = ScanCache.defaultPath, host: String = ScanCache.hostName) {
    self.path = path
    self.host = host
    entries = Self.read(path, host: host)
  }

  private static func read(_ path: String?, host: String) -> [String: Entry] {
    guard let path, let data = FileManager.default.contents(atPath: path),
      let contents = try? JSONDecoder().decode(Contents.self, from: data), contents.format == Self.format,
      contents.host == host
    else { return [:] }
    return contents.entries
  }

  /// Why results cannot be kept; nil: they can.
  var problem: String? {
    guard let path else { return "there is no folder for the plugin cache: neither XDG_CACHE_HOME nor HOME is set" }
    var folder = FilePermissions.parent(of: path)
    while access(folder, F_OK) != 0, folder != "/" { folder = FilePermissions.parent(of: folder) }
    return access(folder, W_OK | X_OK) == 0
      ? nil : "the plugin cache \(path) cannot be written: \(folder) belongs to somebody else"
  }

  /// Takes in what other processes have written meanwhile; what this one has not written yet stays.
  mutating func reload() {
    let written = Self.read(path, host: host)
    entries = isChanged ? written.merging(entries) { _, own in own } : written
  }

  /// Waits until no other process scans.
  func lock() -> ScanLock {
    let folder = path.map { FilePermissions.parent(of: $0) }
    if let folder { try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    return ScanLock(folder: folder)
  }

  /// `dmt/plugins.json` in the user's cache folder; nil when there is none, or the process has more rights than its user.
  public static var defaultPath: String? {
    UserFolder.cache.path(in: TrustedEnvironment.variables).map { $0 + "/dmt/plugins.json" }
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
  ///
  /// A result other than acceptance holds as long as the libraries that it needs are what they were.
  func result(of library: OpenedLibrary) -> ScanResult? {
    guard let entry = entries[library.sha256] else { return nil }
    if entry.result.status == .accepted { return entry.result }
    return entry.dependencies == DependencyStates.of(library) ? entry.result : nil
  }

  /// Keeps a result.
  mutating func insert(_ result: ScanResult, of library: OpenedLibrary) {
    let order = (entries.values.map(\.order).max() ?? 0) + 1
    entries[library.sha256] = Entry(
      result: result, library: library.path, time: Date().timeIntervalSince1970.rounded(),
      dependencies: result.status == .accepted ? [:] : DependencyStates.of(library), order: order)
    if entries.count > Self.capacity, let oldest = entries.min(by: { $0.value.order < $1.value.order })?.key {
      entries[oldest] = nil
    }
    isChanged = true
  }

  // MARK: Quarantine

  /// A plugin that broke while it was scanned.
  public struct Quarantined: Sendable, Encodable {
    public var library: String
    public var sha256: String
    /// When it was scanned, in ISO 8601.
    public var time: String
    /// What happened: status, reason, phase, signal, and the last that it printed.
    public var result: ScanResult
    /// Libraries that it needs and that changed since, so that it is tried again at the next start.
    public var changed: [String]
    /// The file is gone, or holds something else now.
    public var isOutdated: Bool

    /// Whether a user who names `item` means this one: its library, a folder that it lies in, or its hash.
    public func isMeant(by item: String) -> Bool {
      let path = FoundPlugin.resolve(item) ?? item
      return item.lowercased() == sha256 || path == library || library.hasPrefix(path == "/" ? path : path + "/")
    }

    /// For people.
    public var text: String {
      var lines = [library, "  when    \(time)", "  reason  \(result.reason ?? result.status.rawValue)"]
      lines.append("  phase   \(result.phase ?? "unknown")" + (result.signal.map { ", \($0)" } ?? ""))
      lines.append("  sha256  \(sha256)")
      if let tail = result.errorTail {
        lines.append("  printed " + tail.split(separator: "\n").suffix(5).joined(separator: "\n          "))
      }
      if isOutdated {
        lines.append("  retry   the file is gone or has changed; what is there now is scanned as a new one")
      } else if !changed.isEmpty {
        lines.append("  retry   at the next start, because of \(changed.joined(separator: ", "))")
      } else {
        lines.append(
          "  retry   when the file or a library that it needs changes, or after `dmt plugin quarantine clear`")
      }
      return lines.joined(separator: "\n")
    }
  }

  /// Plugins that crashed or hung here, the last first.
  public var quarantined: [Quarantined] {
    entries.filter { $0.value.result.isQuarantined }.sorted { $0.value.order > $1.value.order }.map { sha256, entry in
      let library = try? OpenedLibrary(entry.library)
      let states = library.map { DependencyStates.of($0) } ?? [:]
      let isOutdated = library?.sha256 != sha256
      let changed = isOutdated ? [] : states.keys.filter { states[$0] != entry.dependencies[$0] }.sorted()
      return Quarantined(
        library: entry.library, sha256: sha256,
        time: Date(timeIntervalSince1970: entry.time).formatted(.iso8601), result: entry.result, changed: changed,
        isOutdated: isOutdated)
    }
  }

  /// Forgets results, so that the plugins are scanned again.
  ///
  /// - Returns: those that were forgotten.
  public mutating func clearQuarantine(where isMeant: (Quarantined) -> Bool) -> [Quarantined] {
    let cleared = quarantined.filter(isMeant)
    for item in cleared { entries[item.sha256] = nil }
    if !cleared.isEmpty { isChanged = true }
    return cleared
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
}
