import DMTPluginKit

/// The plugin `dmt.partition-strided`.
enum PartitionStridedPlugin: DMTPlugin {
  static let id = "dmt.partition-strided"
  static let version = "0.9.0"
  static let summary = "Deals features into towers in turn: feature i goes to tower i modulo T."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.partitioner(StridedPartitioner(), summary: summary)] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(PartitionStridedPlugin.self) }
