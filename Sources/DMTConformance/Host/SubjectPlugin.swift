internal import CDMTHostShims
internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore
internal import DMTPluginHost
internal import Logging

/// A plugin under test in this process: its tables as they are, and as the host wraps them.
final class SubjectPlugin {
  let host: ConformanceHost
  let entry: UnsafePointer<dmt_plugin>
  let loaded: LoadedPlugin

  /// Opens the library and initializes the plugin.
  init(_ context: TestContext, threads: Int = 1, isBare: Bool = false) throws {
    context.phase("opening the library")
    let function = try DynamicLibrary.entry(of: context.library)
    context.phase("calling dmt_plugin_entry")
    guard let entry = function() else { throw DMTError(.pluginRefused, "dmt_plugin_entry returned NULL") }
    self.entry = entry
    host = try ConformanceHost(threads: threads, isBare: isBare)
    let logger = Logger(label: "dmt.check") { _ in SwiftLogNoOpLogHandler() }
    let services = HostServices(pool: host.pool, logger: logger)
    loaded = try LoadedPlugin(entry: entry, services: services, path: context.library, host: host.table) { phase in
      context.phase("in its \(phase)")
    }
  }

  /// The table of a component, as the plugin gives it.
  func table<Table>(_ component: TestedComponent, as type: Table.Type = Table.self) throws -> UnsafePointer<Table> {
    let arena = ContractArena()
    guard
      let found = entry.pointee.get_component?(
        arena.text(component.kind), arena.text(component.id), Int32(clamping: component.revision))
    else { throw DMTError(.pluginFailed, "get_component does not have \(component)") }
    return found.assumingMemoryBound(to: type)
  }

  /// Calls a function that answers a status, and takes the message that it left.
  static func status(_ body: () -> dmt_status) -> (status: dmt_status, message: String) {
    var kept: Int32 = 0
    var text: UnsafePointer<CChar>?
    _ = dmt_error_take(&kept, &text)
    let status = body()
    let size = dmt_error_take(&kept, &text)
    guard kept == status, size > 0, let text else { return (status, "") }
    let bytes = UnsafeBufferPointer(start: text, count: Int(size))
    return (status, bytes.withMemoryRebound(to: UInt8.self) { String(decoding: $0, as: UTF8.self) })
  }
}
