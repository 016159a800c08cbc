public import DMTPluginKit

/// The plugin `dmt.interconnect-mpi`.
enum InterconnectMPIPlugin: DMTPlugin {
  static let id = "dmt.interconnect-mpi"
  static let version = "0.9.0"
  static let summary = "Ranks as processes that mpirun or srun started, joined by Open MPI."
  static let license = "Apache-2.0"
  static var components: [PluginComponent] { [.interconnect(MPIInterconnect(), summary: summary)] }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? {
  export(InterconnectMPIPlugin.self)
}
