public import DMTPluginKit

/// The plugin `dmt.openblas`.
public enum OpenBLASPlugin: DMTPlugin {
  public static let id = "dmt.openblas"
  public static let version = "0.9.0"
  public static let summary = "Matrix products by OpenBLAS: linear, matmul, cross, fm, dot_interaction."
  public static let license = "Apache-2.0"
  public static var components: [PluginComponent] {
    [.backend(OpenBLASBackend(), summary: "OpenBLAS's sgemm, one library thread in each of the host's threads.")]
  }

  public static func initialize() { LibraryThreads.allow(PluginContext.threads) }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(OpenBLASPlugin.self) }
