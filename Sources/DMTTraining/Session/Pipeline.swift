public import DMTCore
public import DMTData
public import DMTManifest
public import DMTRuntime

/// A manifest with its data read and its model planned: what training, evaluation, prediction and explanation start from.
public struct Pipeline {
  /// The manifest.
  public let loaded: LoadedManifest
  /// The samples, and what encodes further rows alike.
  public let dataset: Dataset
  /// The model, with the tables' sizes taken from the data.
  public let plan: ModelPlan
  /// Operators, modules and kernels.
  public let components: Components
  /// A hash of what decides the weights.
  public let fingerprint: String

  /// Reads the data, or maps their cache, and plans the model.
  ///
  /// - Parameters:
  ///   - storedText: the effective manifest in a run folder, where the pipeline comes from one.
  ///   - progress: hears a line now and then while the data are read.
  /// - Throws: ``DMTError`` of the data or of the model's plan.
  public init(
    _ loaded: LoadedManifest, components: Components, storedText: String? = nil, progress: ((String) -> Void)? = nil
  ) throws(DMTError) {
    let manifest = loaded.manifest
    let dataset = try Dataset.load(
      data: manifest.data, features: manifest.features, dense: manifest.dense,
      folder: Pipeline.folder(of: manifest.path), progress: progress)
    self.loaded = loaded
    self.dataset = dataset
    self.components = components
    fingerprint = try ManifestFingerprint.of(text: storedText ?? loaded.portableYAML, path: manifest.path)
    plan = try ModelPlan(
      manifest: manifest, features: Pipeline.features(of: dataset, dim: manifest.model.dim),
      denseCount: dataset.denseNames.count, components: components)
  }

  /// The typed manifest.
  public var manifest: Manifest { loaded.manifest }

  /// Allocates the model.
  ///
  /// - Parameter forTraining: false leaves the optimizers and their states out.
  public func makeModel(policy: BackendPolicy, threads: Int, forTraining: Bool) throws(DMTError) -> Model {
    try Model(
      plan: plan, settings: modelSettings(policy: policy, threads: threads, forTraining: forTraining),
      components: components)
  }

  /// How the manifest wants its model built.
  public func modelSettings(policy: BackendPolicy, threads: Int, forTraining: Bool) -> Model.Settings {
    let train = manifest.train
    return .init(
      dtype: manifest.model.dtype, seed: train.seed, threads: threads, policy: policy,
      optimizer: forTraining ? train.optimizer : nil, tableOptimizer: forTraining ? train.tableOptimizer : nil,
      clipNorm: forTraining ? train.clipNorm : nil)
  }

  /// The batches of a split in the order of the file.
  public func batches(of split: SplitName) -> SplitBatches {
    SplitBatches(dataset.samples(of: split), batchSize: manifest.train.batch)
  }

  /// The features as the model sees them.
  static func features(of dataset: Dataset, dim: Int) -> [ModelFeature] {
    dataset.features.map { feature in
      let pooling: Pooling =
        switch feature.pooling {
        case .sum: .sum
        case .mean: .mean
        }
      return ModelFeature(
        name: feature.name, table: feature.table, rows: feature.rows, dim: feature.dim ?? dim, pooling: pooling)
    }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
