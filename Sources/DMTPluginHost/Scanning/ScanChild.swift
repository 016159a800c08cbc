internal import CDMTHostShims
internal import CDMTPlugin
internal import DMTCore
internal import FoundationEssentials
internal import Glibc
internal import Logging

/// The child's side of a scan: opens one plugin and says what it is, a phase at a time.
///
/// Lines on the original standard output: `phase NAME` before each step, then `result JSON`. The plugin's own prints go
/// to standard error.
enum ScanChild {
  /// The hidden subcommand.
  static let command = "__scan"

  /// - Parameter libraries: a descriptor and a path for each, the plugin's own last.
  static func run(_ libraries: [String]) -> Int32 {
    let wire = dmt_duplicate(1, 3)
    guard wire >= 0, dup2(2, 1) >= 0 else { return 71 }
    dmt_disable_core_dump()
    dmt_die_with_parent()
    func send(_ line: String) {
      var bytes = Array((line + "\n").utf8)[...]
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(wire, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return }
        bytes = bytes.dropFirst(count)
      }
    }
    var phase = "open"
    func enter(_ name: String) {
      phase = name
      send("phase " + name)
    }
    let result: ScanResult
    do throws(DMTError) {
      result = try scan(libraries, enter: enter)
    } catch {
      result = .refused(error.message, remedy: error.remedy, phase: phase)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    if let json = try? encoder.encode(result) { send("result " + String(decoding: json, as: UTF8.self)) }
    // Not exit: a plugin's own exit handlers are no part of a scan.
    _exit(0)
  }

  private static func scan(_ libraries: [String], enter: (String) -> Void) throws(DMTError) -> ScanResult {
    enter("open")
    let library = libraries[libraries.count - 1]
    for index in stride(from: 0, to: libraries.count - 2, by: 2) {
      try DynamicLibrary.open(try descriptor(libraries[index]), path: libraries[index + 1])
    }
    let entry = try DynamicLibrary.entry(of: try descriptor(libraries[libraries.count - 2]), path: library)
    enter("entry")
    let table = entry()
    guard table == entry() else {
      throw DMTError(.pluginRefused, "dmt_plugin_entry returns another table at every call, expected a static one")
    }
    let logger = Logger(label: "dmt.scan") { _ in SwiftLogNoOpLogHandler() }
    let services = HostServices(pool: try ThreadPool(threads: 1), logger: logger)
    let plugin = try LoadedPlugin(entry: table, services: services, path: library, enter: enter)
    let report = ScanReport(plugin)
    enter("shutdown")
    plugin.shutdown()
    return ScanResult(status: .accepted, report: report)
  }

  private static func descriptor(_ text: String) throws(DMTError) -> Int32 {
    guard let number = Int32(text) else {
      throw DMTError(.internalError, "the scan was given descriptor '\(text)', expected a number")
    }
    return number
  }
}
