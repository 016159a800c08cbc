public import CDMTPlugin
internal import DMTBridge
internal import DMTCore
internal import Synchronization

/// The plugin's C table, the same one at every call: what `dmt_plugin_entry` returns.
public func export<Plugin: DMTPlugin>(_ plugin: Plugin.Type) -> UnsafePointer<dmt_plugin>? {
  ExportedPlugins.table(for: plugin)
}

/// The plugins of this library: one, except in tests.
///
/// The functions of `dmt_plugin` have no context argument, so they look through this list.
private enum ExportedPlugins {
  final class Exported: @unchecked Sendable {
    let plugin: any DMTPlugin.Type
    let table: UnsafePointer<dmt_plugin>
    let components: [(component: PluginComponent, table: UnsafeRawPointer)]
    var isInitialized = false

    init(
      _ plugin: any DMTPlugin.Type, table: UnsafePointer<dmt_plugin>, components: [(PluginComponent, UnsafeRawPointer)]
    ) {
      self.plugin = plugin
      self.table = table
      self.components = components
    }
  }

  static let all = Mutex<[Exported]>([])

  static func table<Plugin: DMTPlugin>(for plugin: Plugin.Type) -> UnsafePointer<dmt_plugin> {
    all.withLock { list in
      if let known = list.first(where: { $0.plugin == plugin }) { return known.table }
      let exported = make(plugin)
      list.append(exported)
      return exported.table
    }
  }

  private static func make<Plugin: DMTPlugin>(_ plugin: Plugin.Type) -> Exported {
    let arena = ContractArena()
    let components = plugin.components.map { ($0, $0.makeTable()) }
    let entries: [UnsafePointer<dmt_component>?] = components.map { component, _ in
      arena.value(
        dmt_component(
          struct_size: SizedStruct.size(of: dmt_component.self), revision: component.revision,
          kind: arena.text(component.kind), id: arena.text(component.id), summary: arena.text(component.summary)))
    }
    let descriptor = arena.value(
      dmt_plugin_descriptor(
        struct_size: SizedStruct.size(of: dmt_plugin_descriptor.self), magic: DMT_PLUGIN_MAGIC,
        abi_major: UInt32(DMT_ABI_MAJOR), abi_minor: UInt32(DMT_ABI_MINOR), min_host_minor: plugin.minimumHostMinor,
        flags: 0, id: arena.text(plugin.id), version: arena.text(plugin.version), vendor: arena.text(plugin.vendor),
        license: arena.text(plugin.license), summary: arena.text(plugin.summary), homepage: arena.text(plugin.homepage),
        compiler: arena.text(Toolchain.compiler), target: arena.text(Toolchain.target),
        component_count: Int64(entries.count), components: arena.array(entries)))
    let table = arena.value(
      dmt_plugin(
        struct_size: SizedStruct.size(of: dmt_plugin.self), reserved: 0, descriptor: descriptor,
        initialize: { host in ExportedPlugins.initialize(host) },
        get_component: { kind, id, revision in ExportedPlugins.component(kind: kind, id: id, revision: revision) },
        get_extension: nil, shutdown: { ExportedPlugins.shutdown() }))
    _ = Unmanaged.passRetained(arena)
    return Exported(plugin, table: table, components: components)
  }

  static func initialize(_ host: UnsafePointer<dmt_host>?) -> dmt_status {
    guard let host, SizedStruct.isWhole(host.pointee.struct_size, dmt_host.self), host.pointee.get_service != nil,
      host.pointee.set_error != nil
    else { return DMT_INVALID_ARGUMENT }
    PluginContext.adopt(host)
    let waiting = all.withLock { list in
      list.filter { exported in
        defer { exported.isInitialized = true }
        return !exported.isInitialized
      }
    }
    return guarded { () throws(DMTError) in
      for exported in waiting { try exported.plugin.initialize() }
    }
  }

  static func component(kind: dmt_str, id: dmt_str, revision: Int32) -> UnsafeRawPointer? {
    guard let kind = String(kind), let id = String(id) else { return nil }
    return all.withLock { list in
      for exported in list {
        for (component, table) in exported.components
        where component.kind == kind && component.id == id && component.revision == revision {
          return table
        }
      }
      return nil
    }
  }

  static func shutdown() {
    let running = all.withLock { list in
      list.filter { exported in
        defer { exported.isInitialized = false }
        return exported.isInitialized
      }
    }
    for exported in running.reversed() { exported.plugin.shutdown() }
  }
}

/// Runs code that may throw and says how it went in the contract's way.
@inline(__always)
func guarded(_ body: () throws(DMTError) -> Void) -> dmt_status {
  do throws(DMTError) {
    try body()
    return DMT_OK
  } catch {
    return PluginContext.fail(error)
  }
}

/// The error of a NULL where the contract has none.
func missing(_ what: String) -> DMTError { DMTError(.invalidArgument, "\(what) is NULL") }
