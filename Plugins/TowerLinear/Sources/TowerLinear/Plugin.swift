import DMTPluginKit

/// The plugin `dmt.tower-linear`.
enum TowerLinearPlugin: DMTPlugin {
  static let id = "dmt.tower-linear"
  static let version = "0.9.0"
  static let summary = "Tower module of DMT-DLRM: one linear layer on the tower, one on every feature."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.module(TowerLinear())] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(TowerLinearPlugin.self) }
