public import DMTCore
internal import FoundationEssentials

/// `dmt plugin list`: what a registry found, for people and for programs.
public struct PluginListing {
  private let registry: PluginRegistry

  public init(_ registry: PluginRegistry) { self.registry = registry }

  /// The plugins that were taken, a line each; with `why` every candidate and every place that was searched.
  public func text(why: Bool = false) -> String {
    var lines: [String] = []
    let taken = registry.candidates.filter { $0.status == .loaded }
    let idWidth = taken.map { ($0.id ?? "").count }.max() ?? 0
    let versionWidth = taken.map { ($0.version ?? "").count }.max() ?? 0
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    for candidate in taken {
      let components = (candidate.scan?.report?.components ?? []).map(Self.describe).joined(separator: ", ")
      lines.append(
        padded(candidate.id ?? "", idWidth) + "  " + padded(candidate.version ?? "", versionWidth) + "  " + components)
      if why { lines += details(candidate) }
    }
    if taken.isEmpty { lines.append("no plugin is loaded; the reference kernels serve everything") }
    let others = registry.candidates.filter { $0.status != .loaded }
    if why {
      for candidate in others {
        lines.append("")
        lines.append("\(candidate.id ?? candidate.path): \(candidate.status.rawValue)")
        lines += details(candidate)
      }
      for conflict in registry.conflicts { lines.append(conflict) }
      lines.append("")
      lines.append("searched, in this order:")
      lines += registry.searchPath.places.map { "  \($0.path) (\($0.origin.rawValue))" }
    } else if !others.isEmpty {
      lines.append("\(others.count) not taken; `dmt plugin list --why` tells the reasons")
    }
    return lines.joined(separator: "\n")
  }

  private func details(_ candidate: PluginCandidate) -> [String] {
    var lines = ["  from    \(candidate.library ?? candidate.path) (\(candidate.origin.rawValue))"]
    if let reason = candidate.reason { lines.append("  reason  \(reason)") }
    if let remedy = candidate.remedy { lines.append("  fix     \(remedy)") }
    if let sha256 = candidate.sha256 { lines.append("  sha256  \(sha256)") }
    if let trust = candidate.trust { lines.append("  trust   \(trust)") }
    if candidate.status != .loaded, let tail = candidate.scan?.errorTail {
      lines.append("  printed " + tail.split(separator: "\n").suffix(5).joined(separator: "\n          "))
    }
    for component in candidate.scan?.report?.components ?? [] {
      if let reason = component.reason, let score = component.score {
        let library = component.library.flatMap { $0.isEmpty ? nil : " [\($0)]" } ?? ""
        lines.append("  \(component.kind) \(component.id): score \(score), \(reason)\(library)")
      }
    }
    lines.append(
      "  scan    \(candidate.isFromCache ? "from the cache" : candidate.scan == nil ? "not reached" : "now")")
    return lines
  }

  private static func describe(_ component: ScanReport.Component) -> String {
    "\(component.kind) \(component.id)" + (component.score.map { " (\($0))" } ?? "")
  }

  // MARK: JSON

  private struct Document: Encodable {
    var searched: [Place]
    var plugins: [Row]
    var conflicts: [String]
  }

  private struct Place: Encodable {
    var path: String
    var origin: PluginSearchPath.Origin
  }

  private struct Row: Encodable {
    var id: String?
    var version: String?
    var status: PluginCandidate.Status
    var reason: String?
    var remedy: String?
    var path: String
    var library: String?
    var sha256: String?
    var trust: String?
    var duplicateOf: String?
    var origin: PluginSearchPath.Origin
    var phase: String?
    var signal: String?
    var printed: String?
    var fromCache: Bool
    var descriptor: PluginDescriptor?
    var components: [ScanReport.Component]?
  }

  /// Every candidate, with its schemas.
  ///
  /// - Throws: ``DMTError/Code/internalError`` when the document cannot be encoded.
  public func json() throws(DMTError) -> String {
    let rows = registry.candidates.map { candidate in
      Row(
        id: candidate.id, version: candidate.version, status: candidate.status, reason: candidate.reason,
        remedy: candidate.remedy, path: candidate.path, library: candidate.library, sha256: candidate.sha256,
        trust: candidate.trust, duplicateOf: candidate.duplicateOf, origin: candidate.origin,
        phase: candidate.scan?.phase, signal: candidate.scan?.signal,
        printed: candidate.scan?.errorTail, fromCache: candidate.isFromCache,
        descriptor: candidate.scan?.report?.descriptor, components: candidate.scan?.report?.components)
    }
    let document = Document(
      searched: registry.searchPath.places.map { Place(path: $0.path, origin: $0.origin) }, plugins: rows,
      conflicts: registry.conflicts)
    return try PluginJSON.text(document)
  }
}

/// JSON for `--json`: sorted keys, two spaces.
public enum PluginJSON {
  /// The text of a value.
  ///
  /// - Throws: ``DMTError/Code/internalError`` when the value cannot be encoded.
  public static func text(_ value: some Encodable) throws(DMTError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw DMTError(.internalError, "JSON cannot be made: \(error)")
    }
  }
}
