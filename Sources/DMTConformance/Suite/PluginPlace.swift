internal import DMTCore
internal import DMTPluginHost

/// The library that a path names, and its folder with the sidecar where there is one.
struct PluginPlace: Sendable {
  let library: String
  let folder: String?

  /// - Throws: ``DMTError/Code/notFound`` when there is no such file, ``DMTError/Code/pluginRefused`` for a sidecar that
  ///   cannot be used.
  init(path: String) throws(DMTError) {
    (library, folder, _) = try PluginSearchPath.plugin(at: path)
  }
}
