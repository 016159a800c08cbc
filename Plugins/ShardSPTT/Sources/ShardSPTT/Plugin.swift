import DMTPluginKit

/// The plugin `dmt.shard-sptt`.
enum ShardSPTTPlugin: DMTPlugin {
  static let id = "dmt.shard-sptt"
  static let version = "0.9.0"
  static let summary = "The tables of a tower in one tower group; embeddings travel inside it first, then among peers."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.sharding(SPTTSharding())] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(ShardSPTTPlugin.self) }
