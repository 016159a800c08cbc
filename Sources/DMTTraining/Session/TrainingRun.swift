import CDMTPlugin
public import DMTCore
import DMTData
public import DMTManifest
import DMTPluginHost
public import DMTRuntime
import Foundation

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

  private init(
    folder: RunFolder, pipeline: Pipeline, model: Model, record: RunRecord, continues: Bool, options: TrainingOptions
  ) throws(DMTError) {
    self.folder = folder
    self.pipeline = pipeline
    self.model = model
    self.record = record
    self.continues = continues
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
    if !replacing { try folder.requireNoRun() }
    let pipeline = try Pipeline(loaded, components: components) { options.report(.preparing($0)) }
    let record = makeRecord(pipeline, options: options, createdAt: Date().ISO8601Format())
    let model = try pipeline.makeModel(policy: options.policy, threads: record.threads, forTraining: true)
    let run = try TrainingRun(
      folder: folder, pipeline: pipeline, model: model, record: record, continues: false, options: options)
    try folder.create(manifest: loaded.portableYAML, record: record, replacing: replacing)
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
    let before = try folder.record()
    let loaded = try ManifestLoader.load(path: folder.manifestPath, overrides: overrides, catalog: catalog)
    let unchanged = try ManifestLoader.load(path: folder.manifestPath, catalog: catalog)
    guard ManifestFingerprint.of(loaded.tree) == ManifestFingerprint.of(unchanged.tree) else {
      throw DMTError(
        .invalidArgument, "a run cannot go on with other features, another model or other training settings",
        place: .init(file: folder.manifestPath), remedy: "take the change out, or start a new run")
    }
    let pipeline = try Pipeline(loaded, components: components, storedText: try folder.manifestText()) {
      options.report(.preparing($0))
    }
    try before.requireMatch(pipeline, in: folder)
    var record = makeRecord(pipeline, options: options, createdAt: before.createdAt)
    record.manifestPath = before.manifestPath
    for difference in before.differences(from: record) { options.report(.warning("\(difference)")) }
    let model = try pipeline.makeModel(policy: options.policy, threads: record.threads, forTraining: true)
    return try TrainingRun(
      folder: folder, pipeline: pipeline, model: model, record: record, continues: true, options: options)
  }

  /// Trains, or goes on training, until the run ends or is stopped.
  ///
  /// - Throws: as ``Trainer/start()`` and ``Trainer/resume()``.
  public func train() throws(DMTError) -> RunRecord.Outcome {
    continues ? try trainer.resume() : try trainer.start()
  }

  /// Threads for a manifest that names none: as many as this process may use.
  static var usableThreads: Int { max(1, Int(dmt_cpu.host.cores)) }

  private static func makeRecord(_ pipeline: Pipeline, options: TrainingOptions, createdAt: String) -> RunRecord {
    RunRecord(
      name: pipeline.manifest.name, program: options.program, manifestPath: pipeline.manifest.path,
      manifestFingerprint: pipeline.fingerprint, dataFingerprint: pipeline.dataset.fingerprint,
      seed: pipeline.manifest.train.seed, threads: pipeline.manifest.train.threads ?? usableThreads,
      backends: options.policy.names, plugins: options.plugins, createdAt: createdAt)
  }
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
