public import DMTPluginKit

/// The plugin `dmt.onednn`.
public enum OneDNNPlugin: DMTPlugin {
  public static let id = "dmt.onednn"
  public static let version = "0.9.0"
  public static let summary =
    "Dense operators by oneDNN: linear with bias and activation, matmul, layer_norm, softmax, element by element."
  public static let license = "Apache-2.0"
  public static var components: [PluginComponent] {
    [.backend(OneDNNBackend(), summary: "oneDNN's primitives, one library thread in each of the host's threads.")]
  }

  public static func initialize() { LibraryInstructions.cap(PluginContext.cpu) }
}

@c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(OneDNNPlugin.self) }
