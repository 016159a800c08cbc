public import DMTCore

/// A plugin that was found, and whether it was taken.
public struct PluginCandidate: Sendable {
  /// What became of it.
  public enum Status: String, Sendable, Codable {
    /// It is in the process.
    case loaded
    /// Another plugin with its id comes first in the search order.
    case shadowed
    /// It is no plugin for this host.
    case refused
    /// It crashed or hung when it was scanned, and is not run again until its file or a library that it needs changes.
    case quarantined
    /// It was accepted and failed to load.
    case failed
  }

  public var origin: PluginSearchPath.Origin
  /// The plugin's folder, or its bare library.
  public var path: String
  /// The library that was chosen; nil when none could be.
  public var library: String?
  /// From the sidecar, or from the descriptor.
  public var id: String?
  public var version: String?
  public var status: Status
  /// Why it was not taken; for a loaded plugin, what else is worth saying.
  public var reason: String?
  public var remedy: String?
  /// What the scan found.
  public var scan: ScanResult?
  public var sha256: String?
  /// Why it may run; nil when it was not found out.
  public var trust: String?
  /// The candidate with the same id that comes first.
  public var duplicateOf: String?
  /// The scan's result was in the cache.
  public var isFromCache = false

  /// Why it was not taken, as an error.
  public var error: DMTError {
    DMTError(
      .pluginRefused, reason ?? "the plugin is \(status.rawValue)",
      place: DMTError.Place(plugin: id ?? path, phase: scan?.phase), remedy: remedy)
  }
}
