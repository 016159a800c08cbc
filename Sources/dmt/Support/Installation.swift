import CDMTPlugin
import DMTCore
import DMTData
import DMTManifest
import DMTPluginHost
import DMTRuntime
import DMTTraining
import Foundation
import Glibc
import Logging

/// What this machine has: the built-in components and those of the plugins found, and the names they give manifests.
struct Installation {
  let components: Components
  let catalog: ManifestCatalog
  let plugins: [LoadedPlugin]
  let threads: Int

  static func load(_ options: PluginOptions, threads: Int? = nil) throws(DMTError) -> Installation {
    let threads = threads ?? ThreadPool.usableCPUs
    let services = try HostServices(pool: ThreadPool(threads: threads), logger: Logger(label: "dmt"))
    var plugins: [LoadedPlugin] = []
    for path in options.paths {
      guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
        throw DMTError(.pluginRefused, String(cString: dlerror()))
      }
      guard let symbol = dlsym(handle, "dmt_plugin_entry") else { throw DMTError(.pluginRefused, "no entry") }
      let entry = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<dmt_plugin>?).self)
      plugins.append(try LoadedPlugin(entry: entry(), services: services, path: path))
    }
    let found = Components(
      operators: plugins.flatMap(\.operators), modules: plugins.flatMap(\.modules),
      backends: plugins.flatMap(\.backends),
      embeddings: plugins.flatMap(\.embeddings), updates: plugins.flatMap(\.updates),
      operatorKernels: Dictionary(
        plugins.flatMap(\.operators).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
      partitioners: plugins.flatMap(\.partitioners))
    let components = Components.builtin.adding(found)
    return Installation(
      components: components, catalog: ManifestCatalog(components, plugins: plugins.map(\.id)), plugins: plugins,
      threads: threads)
  }

  var pluginRecords: [PluginRecord] {
    plugins.map { PluginRecord(id: $0.id, version: $0.version, sha256: $0.sha256 ?? "", file: $0.path ?? "") }
  }

  func manifest(_ options: ManifestOptions) throws(DMTError) -> LoadedManifest {
    try manifest(path: options.manifest, overrides: options.overrides)
  }

  func manifest(path: String, overrides: [String]) throws(DMTError) -> LoadedManifest {
    try ManifestLoader.load(path: path, overrides: overrides, catalog: catalog)
  }

  /// The model's plan; data are read only where a table's size depends on them.
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
}
