import CDMTPlugin
import DMTCore
import DMTData
import DMTManifest
import DMTPluginHost
import DMTRuntime
import Foundation

/// A run before its model is built: its data are read, its record is made.
struct PreparedRun {
  let folder: RunFolder
  let pipeline: Pipeline
  let record: RunRecord
  /// The effective manifest of a new run; nil: the folder holds a run that goes on.
  let newManifest: String?
  let replacing: Bool
  /// What a new run is locked to.
  let lock: String?

  /// Reads the data for a new run.
  ///
  /// - Throws: as ``TrainingRun/create(_:in:components:options:replacing:)``.
  static func new(
    _ loaded: LoadedManifest, in folder: RunFolder, components: Components, options: TrainingOptions, replacing: Bool
  ) throws(DMTError) -> PreparedRun {
    if !replacing { try folder.requireNoRun() }
    let pipeline = try Pipeline(loaded, components: components) { options.report(.preparing($0)) }
    let record = record(of: pipeline, options: options, createdAt: Date().ISO8601Format())
    return PreparedRun(
      folder: folder, pipeline: pipeline, record: record, newManifest: loaded.portableYAML, replacing: replacing,
      lock: options.lock)
  }

  /// Reads a run folder for a run that goes on.
  ///
  /// - Throws: as ``TrainingRun/resume(_:catalog:components:options:overrides:)``.
  static func continued(
    _ folder: RunFolder, catalog: ManifestCatalog, components: Components, options: TrainingOptions,
    overrides: [String]
  ) throws(DMTError) -> PreparedRun {
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
    var record = record(of: pipeline, options: options, createdAt: before.createdAt)
    record.manifestPath = before.manifestPath
    for difference in before.differences(from: record) { options.report(.warning("\(difference)")) }
    return PreparedRun(
      folder: folder, pipeline: pipeline, record: record, newManifest: nil, replacing: false, lock: nil)
  }

  /// The folder holds a run that goes on.
  var continues: Bool { newManifest == nil }

  /// Makes the folder of a new run; last, so that no error before leaves a half-made one.
  func createFolder() throws(DMTError) {
    guard let newManifest else { return }
    try folder.create(manifest: newManifest, record: record, replacing: replacing)
    if let lock { try AtomicFile.replace(folder.lockPath, with: Array(lock.utf8)) }
  }

  private static func record(
    of pipeline: Pipeline, options: TrainingOptions, createdAt: String
  ) -> RunRecord {
    RunRecord(
      name: pipeline.manifest.name, program: options.program, manifestPath: pipeline.manifest.path,
      manifestFingerprint: pipeline.fingerprint, dataFingerprint: pipeline.dataset.fingerprint,
      seed: pipeline.manifest.train.seed, threads: pipeline.manifest.train.threads ?? TrainingRun.usableThreads,
      backends: options.policy.names, profile: options.policy.profile?.digest, plugins: options.plugins,
      createdAt: createdAt)
  }
}
