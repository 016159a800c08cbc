import DMTPluginKit

/// The plugin `dmt.tower-dhen`.
enum TowerDHENPlugin: DMTPlugin {
  static let id = "dmt.tower-dhen"
  static let version = "0.9.0"
  static let summary =
    "DHEN's layers, ensembles of different interactions, as a tower module and as an over-arch."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.module(DHEN()), .module(TowerDHEN())] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(TowerDHENPlugin.self) }
