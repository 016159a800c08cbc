import CDMTPlugin
public import DMTCore
import DMTData
public import DMTManifest
import DMTPluginHost
public import DMTRuntime

/// A training run that is ready to train: its folder, its data, its model.
///
///     let run = try TrainingRun.create(manifest, in: folder, components: components, options: options)
///     let outcome = try run.train()
///
/// ``resume(_:catalog:components:options:)`` makes one from a run folder instead.
public final class TrainingRun {
  /// The run's folder.
  public let folder: RunFolder
  /// Manifest, data and plan.
  public let pipeline: Pipeline
  /// The model; after ``train()`` with the weights that the run stands for.
  public let model: Model
  /// What `run.json` says, but for the outcome.
  public let record: RunRecord
  private let trainer: Trainer
  private let continues: Bool

  private init(_ prepared: PreparedRun, options: TrainingOptions) throws(DMTError) {
    folder = prepared.folder
    pipeline = prepared.pipeline
    record = prepared.record
    continues = prepared.continues
    model = try pipeline.makeModel(policy: options.policy, threads: record.threads, forTraining: true)
    let section = pipeline.manifest.train
    let train = SplitBatches(
      pipeline.dataset.samples(of: .train), batchSize: section.batch, seed: section.seed, shuffle: section.shuffle,
      epochs: section.epochs)
    trainer = try Trainer(
      .init(
        model: model, train: train, valid: pipeline.batches(of: .valid), test: pipeline.batches(of: .test)),
      section: section, folder: folder, record: record, maxSteps: options.maxSteps, shouldStop: options.shouldStop,
      report: options.report)
  }

  /// Reads the data, builds the model and makes the run folder.
  ///
  /// - Parameter replacing: true removes the run that the folder holds.
  /// - Throws: ``DMTError/Code/alreadyExists`` when the folder holds a run and `replacing` is false; errors of the data, of
  ///   the model and of its settings. The folder is made last, so that none of these leaves a half-made run.
  public static func create(
    _ loaded: LoadedManifest, in folder: RunFolder, components: Components, options: TrainingOptions,
    replacing: Bool = false
  ) throws(DMTError) -> TrainingRun {
    let prepared = try PreparedRun.new(
      loaded, in: folder, components: components, options: options, replacing: replacing)
    let run = try TrainingRun(prepared, options: options)
    try prepared.createFolder()
    return run
  }

  /// Reads a run folder and makes its run ready to continue.
  ///
  /// - Parameter overrides: `path=value` texts for settings that do not decide the weights, such as `train.threads`.
  /// - Throws: ``DMTError/Code/notFound`` when the folder holds no run, ``DMTError/Code/invalidArgument`` when manifest or
  ///   data are not those that the run was begun with.
  public static func resume(
    _ folder: RunFolder, catalog: ManifestCatalog, components: Components, options: TrainingOptions,
    overrides: [String] = []
  ) throws(DMTError) -> TrainingRun {
    try TrainingRun(
      PreparedRun.continued(
        folder, catalog: catalog, components: components, options: options, overrides: overrides), options: options)
  }

  /// Trains, or goes on training, until the run ends or is stopped.
  ///
  /// - Throws: as ``Trainer/start()`` and ``Trainer/resume()``.
  public func train() throws(DMTError) -> RunRecord.Outcome {
    continues ? try trainer.resume() : try trainer.start()
  }

  /// Threads for a manifest that names none: as many as this process may use.
  static var usableThreads: Int { max(1, Int(dmt_cpu.host.cores)) }
}

extension RunRecord {
  /// Refuses a pipeline that is not the one this run was begun with.
  func requireMatch(_ pipeline: Pipeline, in folder: RunFolder) throws(DMTError) {
    guard manifestFingerprint == pipeline.fingerprint else {
      throw DMTError(
        .invalidArgument,
        "the run's manifest is not the one it was begun with: features, model or train section differ",
        place: .init(file: folder.manifestPath), remedy: "undo the change, or start a new run")
    }
    guard dataFingerprint == pipeline.dataset.fingerprint else {
      throw DMTError(
        .invalidArgument,
        "the data are not those the run was begun with: fingerprint \(dataFingerprint.prefix(12)) then, "
          + "\(pipeline.dataset.fingerprint.prefix(12)) now", place: .init(file: folder.path),
        remedy: "put the same files back, or start a new run")
    }
  }
}

extension LoadedManifest {
  /// The effective manifest for the run folder: paths are absolute, the cache's too, so that it means the same there.
  var portableYAML: String {
    var copy = self
    copy.tree.fill(["data", "cache"], with: ".dmt")
    return copy.effectiveYAML(absolutePaths: true)
  }
}

extension ManifestNode {
  /// Puts a text where `path` holds null.
  fileprivate mutating func fill(_ path: ArraySlice<String>, with text: String) {
    guard let key = path.first else {
      if isNull { content = .scalar(ManifestScalar(text, isPlain: false)) }
      return
    }
    guard case .mapping(var entries) = content, let index = entries.firstIndex(where: { $0.key == key }) else { return }
    entries[index].value.fill(path.dropFirst(), with: text)
    content = .mapping(entries)
  }
}
