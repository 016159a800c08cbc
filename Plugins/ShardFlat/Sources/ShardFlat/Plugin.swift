import DMTPluginKit

/// The plugin `dmt.shard-flat`.
enum ShardFlatPlugin: DMTPlugin {
  static let id = "dmt.shard-flat"
  static let version = "0.9.0"
  static let summary =
    "Flat sharding strategies: data-parallel, table-, column- and row-wise, and rows over a tower group."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { FlatSharding.all.map { .sharding($0) } }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(ShardFlatPlugin.self) }
