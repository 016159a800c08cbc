public import DMTCore
internal import FoundationEssentials

/// Everything about one plugin file, without loading it into this process.
public struct PluginInspection: Sendable, Encodable {
  /// The library.
  public var library: String
  public var sha256: String
  public var bytes: Int
  /// The sidecar, when a folder with one was named.
  public var sidecar: PluginSidecar?
  /// Its ELF headers; nil when it has none, then `scan` says why.
  public var headers: ELFFile?
  public var scan: ScanResult

  /// Inspects a plugin's folder or library.
  ///
  /// - Throws: ``DMTError/Code/notFound`` when there is no such file, ``DMTError/Code/pluginRefused`` for a sidecar that
  ///   cannot be used; what is wrong with the library itself is in ``scan``.
  public init(path: String, scanner: PluginScanner = PluginScanner()) throws(DMTError) {
    let (library, _, sidecar) = try PluginSearchPath.plugin(at: path)
    self.sidecar = sidecar
    guard let data = FileManager.default.contents(atPath: library), let hash = ScanCache.hash(of: library) else {
      throw DMTError(.io, "\(library) cannot be read")
    }
    self.library = library
    sha256 = hash
    bytes = data.count
    headers = try? ELFFile(data, path: library)
    scan = try scanner.scan(library: library)
  }

  /// For people.
  public var text: String {
    var lines = ["library     \(library)", "sha256      \(sha256)", "size        \(bytes) bytes"]
    if let sidecar {
      lines.append("sidecar     \(sidecar.id) \(sidecar.version), \(sidecar.kinds.joined(separator: ", "))")
    }
    if let headers {
      lines.append("machine     \(headers.machine)")
      lines.append("needs       \(headers.needed.joined(separator: ", "))")
      if !headers.runpath.isEmpty { lines.append("runpath     \(headers.runpath.joined(separator: ":"))") }
      let extra = headers.exports.filter { $0 != "dmt_plugin_entry" }.count
      lines.append(
        "exports     \(headers.exports.count)"
          + (extra > 0 ? ", \(extra) more than dmt_plugin_entry: hide them with a version script" : ""))
    }
    lines.append("scan        \(scan.status.rawValue)")
    if let reason = scan.reason { lines.append("  reason    \(reason)") }
    if let remedy = scan.remedy { lines.append("  fix       \(remedy)") }
    if let tail = scan.errorTail {
      lines.append("  printed   " + tail.split(separator: "\n").joined(separator: "\n            "))
    }
    guard let report = scan.report else { return lines.joined(separator: "\n") }
    let descriptor = report.descriptor
    lines.append("id          \(descriptor.id)")
    lines.append("version     \(descriptor.version)")
    lines.append("summary     \(descriptor.summary)")
    lines.append(
      "contract    \(descriptor.abiMajor).\(descriptor.abiMinor), needs a host of \(descriptor.abiMajor)."
        + "\(descriptor.minimumHostMinor) or newer")
    lines.append("compiler    \(descriptor.compiler)")
    for component in report.components {
      lines.append("\(component.kind) \(component.id)/\(component.revision): \(component.summary)")
      if let score = component.score, let reason = component.reason { lines.append("  score \(score): \(reason)") }
      if let library = component.library, !library.isEmpty { lines.append("  library: \(library)") }
      if !component.inputNames.isEmpty { lines.append("  inputs: \(component.inputNames.joined(separator: ", "))") }
      lines += component.fields.map { "  " + $0.text }
    }
    return lines.joined(separator: "\n")
  }
}

extension ScanReport.Field {
  /// `out (int, required, at least 1): Width of the result.`
  var text: String {
    var notes = [type]
    if let defaultValue { notes.append("default \(defaultValue)") } else if isRequired { notes.append("required") }
    if let minimum { notes.append("at least \(minimum)") }
    if let maximum { notes.append("at most \(maximum)") }
    if !choices.isEmpty { notes.append("one of \(choices.joined(separator: " "))") }
    return "\(name) (\(notes.joined(separator: ", "))): \(summary)"
  }
}
