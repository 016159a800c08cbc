import DMTCore
import DMTMachine
import DMTManifest
import DMTPluginHost
import DMTRuntime

extension Installation {
  /// What a manifest's model is made of here, and who serves its training.
  ///
  /// - Parameter measuresActivations: also plans the working memory of a step.
  func explanation(
    _ loaded: LoadedManifest, plan: ModelPlan, policy: BackendPolicy, measuresActivations: Bool = false
  ) throws(DMTError) -> Explanation {
    let train = loaded.manifest.train
    var explanation = try plan.explanation(
      name: loaded.manifest.name, batch: train.batch,
      settings: .init(
        dtype: loaded.manifest.model.dtype, seed: train.seed, threads: threads, policy: policy,
        optimizer: train.optimizer, tableOptimizer: train.tableOptimizer),
      components: components, measuresActivations: measuresActivations)
    if let reader = loaded.manifest.data.reader?.reader {
      let plugin = registry.readers[reader.name]?.plugin
      explanation.reader = reader.name + (plugin.map { " of plugin \($0)" } ?? "") + ", " + reader.summary
    }
    explanation.backends = registry.backends.values.map {
      .init(name: $0.name, score: $0.probe.score, reason: $0.probe.reason, library: $0.probe.library)
    }.sorted { ($1.score, $0.name) < ($0.score, $1.name) }
    return explanation
  }

  /// What a manifest's model uses here: what `dmt lock` writes and `--locked` compares.
  ///
  /// - Parameter interconnect: instead of the manifest's.
  func lock(
    _ loaded: LoadedManifest, policy: BackendPolicy, interconnect: String? = nil
  ) throws(DMTError) -> ManifestLock {
    let plan = try plan(loaded, readsData: true)
    return ManifestLock(
      loaded.manifest, plan: plan, explanation: try explanation(loaded, plan: plan, policy: policy),
      registry: registry, interconnect: interconnect)
  }

  /// Refuses whatever is not in the lock that lies beside the manifest.
  ///
  /// - Parameters:
  ///   - interconnect: what joins the ranks of the run; nil: it has one process.
  /// - Returns: the lock, for the run folder.
  /// - Throws: ``DMTError/Code/notFound`` without a lock; ``DMTError/Code/pluginRefused`` with every difference.
  func requireLocked(
    _ loaded: LoadedManifest, policy: BackendPolicy, interconnect: String? = nil
  ) throws(DMTError) -> ManifestLock {
    let manifest = loaded.manifest.path
    let path = ManifestLock.path(forManifest: manifest)
    let locked = try ManifestLock(path: path)
    try locked.require(
      try lock(loaded, policy: policy, interconnect: interconnect), path: path, manifest: manifest,
      onRanks: interconnect != nil)
    return locked
  }
}
