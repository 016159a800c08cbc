import DMTPluginKit

/// The plugin `dmt.tower-dcn`.
enum TowerDCNPlugin: DMTPlugin {
  static let id = "dmt.tower-dcn"
  static let version = "0.9.0"
  static let summary = "Tower module of DMT-DCN: cross layers on the tower, then one linear layer."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.module(TowerDCN())] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(TowerDCNPlugin.self) }
