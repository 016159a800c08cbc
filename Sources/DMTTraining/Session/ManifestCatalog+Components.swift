import DMTCore
public import DMTManifest
public import DMTRuntime

extension ManifestCatalog {
  /// The names that these components give a manifest.
  ///
  /// A module whose name begins with `tower.` stands in towers, the plain over-archs as over-arch, any other anywhere.
  ///
  /// - Parameter plugins: ids of the plugins found here.
  public init(_ components: Components, plugins: [String] = []) {
    let overArchs: Set<String> = ["dlrm", "dcn", "deepfm"]
    self.init(
      modules: components.modules.mapValues { module in
        Module(
          schema: module.attributes, summary: module.summary,
          role: overArchs.contains(module.name) ? .overArch : module.name.hasPrefix("tower.") ? .tower : .any)
      },
      backends: components.backends.keys.sorted(), plugins: plugins,
      strategies: components.strategies.keys.sorted(), interconnects: components.interconnects.keys.sorted(),
      readers: Array(components.readers.values), optimizers: Array(components.optimizers.values))
  }
}
