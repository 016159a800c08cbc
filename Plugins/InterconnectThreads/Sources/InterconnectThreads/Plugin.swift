public import DMTPluginKit

/// The plugin `dmt.interconnect-threads`.
enum InterconnectThreadsPlugin: DMTPlugin {
  static let id = "dmt.interconnect-threads"
  static let version = "0.9.0"
  static let summary = "Ranks as threads of one process, which copy what they send."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.interconnect(ThreadsInterconnect(), summary: summary)] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? {
  export(InterconnectThreadsPlugin.self)
}
