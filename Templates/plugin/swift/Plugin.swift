import DMTPluginKit

/// The plugin `@ID@`. Id and version are also those of plugin.json.
enum Plugin: DMTPlugin {
  static let id = "@ID@"
  static let version = "0.1.0"
  static let summary = "@SUMMARY@"
  static let license = "Apache-2.0"
  static let minimumHostMinor: UInt32 = @MIN_HOST_MINOR@
  static var components: [PluginComponent] { [@OFFER@] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(Plugin.self) }
