import DMTCore
import DMTData
import DMTManifest
import DMTPluginHost
import DMTRuntime
import DMTTraining
import Foundation

/// What this machine has: the built-in components and those of the plugins found, and the names they give manifests.
struct Installation {
  let components: Components
  let catalog: ManifestCatalog
  let registry: PluginRegistry
  let threads: Int

  /// Finds, scans and loads plugins: those of the command line first, then those that the manifest names by path, then
  /// the usual places.
  ///
  /// - Parameters:
  ///   - threads: nil: the manifest's, else one a CPU.
  ///   - manifest: a manifest whose plugins and threads are looked at before it is checked.
  ///   - further: more manifests, whose plugins are looked at too.
  ///   - overrides: what `--set` changes in them.
  static func load(
    _ options: PluginOptions, threads: Int? = nil, manifest: String? = nil, further: [String] = [],
    overrides: [String] = []
  ) throws(DMTError) -> Installation {
    let preview = ManifestPreview(path: manifest, overrides: overrides)
    var files = preview.pluginFiles
    for path in further {
      files += ManifestPreview(path: path, overrides: overrides).pluginFiles.filter { !files.contains($0) }
    }
    let threads = threads ?? preview.threads ?? ThreadPool.usableCPUs
    let registry = try PluginRegistry.load(
      .init(paths: options.paths + files, threads: threads, trust: try options.trustPolicy()))
    for path in options.paths where !isFolderOfPlugins(path) { try registry.require(path) }
    let operators = Array(registry.operators.values)
    let components = Components.builtin.adding(
      Components(
        operators: operators, modules: Array(registry.modules.values), backends: Array(registry.backends.values),
        embeddings: Array(registry.embeddings.values), updates: Array(registry.updates.values),
        operatorKernels: Dictionary(operators.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
        partitioners: Array(registry.partitioners.values), strategies: Array(registry.strategies.values),
        interconnects: Array(registry.interconnects.values), optimizers: Array(registry.optimizers.values),
        readers: Array(registry.readers.values)))
    return Installation(
      components: components, catalog: ManifestCatalog(components, plugins: registry.plugins.map(\.id)),
      registry: registry, threads: threads)
  }

  /// The plugins in this process, for the record of a run.
  var pluginRecords: [PluginRecord] {
    registry.plugins.map { PluginRecord(id: $0.id, version: $0.version, sha256: $0.sha256 ?? "", file: $0.path ?? "") }
  }

  /// Loads and checks a manifest; every plugin that it names must be here.
  func manifest(_ options: ManifestOptions) throws(DMTError) -> LoadedManifest {
    try manifest(path: options.manifest, overrides: options.overrides)
  }

  /// Loads and checks a manifest; every plugin that it names must be here.
  func manifest(path: String, overrides: [String]) throws(DMTError) -> LoadedManifest {
    let loaded = try ManifestLoader.load(path: path, overrides: overrides, catalog: catalog)
    for name in loaded.manifest.plugins {
      try registry.require(ManifestPreview.isFile(name) ? loaded.manifest.resolved(name) : name)
    }
    return loaded
  }

  /// The model's plan; data are read only where a table's size depends on them.
  ///
  /// - Parameter readsData: false counts tables of unknown size as small ones, which is enough to check every shape.
  func plan(_ loaded: LoadedManifest, readsData: Bool) throws(DMTError) -> ModelPlan {
    let manifest = loaded.manifest
    let rows = manifest.features.map { feature -> Int? in
      switch feature.encoding {
      case .hash(let rows), .index(let rows): rows
      case .vocabulary: readsData ? nil : 2
      }
    }
    if rows.contains(where: { $0 == nil }) {
      return try Pipeline(loaded, components: components, progress: { Console.progress($0) }).plan
    }
    let features = zip(manifest.features, rows).map { feature, rows in
      ModelFeature(
        name: feature.name, table: feature.table ?? feature.name, rows: rows ?? 0,
        dim: feature.dim ?? manifest.model.dim, pooling: feature.pooling == .mean ? .mean : .sum)
    }
    return try ModelPlan(
      manifest: manifest, features: features, denseCount: manifest.dense.count, components: components)
  }

  // MARK: - Paths

  /// A folder without a sidecar of its own holds any number of plugins, none included.
  private static func isFolderOfPlugins(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else { return false }
    return !FileManager.default.fileExists(atPath: path + "/" + PluginSidecar.fileName)
  }
}
