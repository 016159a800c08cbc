import DMTPluginKit

/// The plugin `dmt.partition-learned`.
enum PartitionLearnedPlugin: DMTPlugin {
  static let id = "dmt.partition-learned"
  static let version = "0.9.0"
  static let summary = "Deals features into towers by the affinity of their embeddings, coherent or diverse."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.partitioner(LearnedPartitioner(), summary: summary)] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(PartitionLearnedPlugin.self) }
