import DMTPluginKit

/// The plugin `dmt.tower-fm`.
enum TowerFMPlugin: DMTPlugin {
  static let id = "dmt.tower-fm"
  static let version = "0.9.0"
  static let summary =
    "Wukong's layers of factorisation machines and linear compression, as a tower module and as an over-arch."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.module(Wukong()), .module(TowerFM())] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(TowerFMPlugin.self) }
