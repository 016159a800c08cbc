import DMTPluginKit

/// The plugin `com.example.hash-towers`. Id and version are also those of plugin.json.
enum Plugin: DMTPlugin {
  static let id = "com.example.hash-towers"
  static let version = "1.0.0"
  static let summary = "Deals features into towers by a hash of their names."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.partitioner(HashTowers(), summary: summary)] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(Plugin.self) }
