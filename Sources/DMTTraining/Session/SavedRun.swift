public import DMTCore
public import DMTData
public import DMTManifest
public import DMTRuntime

/// A run folder's model with the weights it stands for, to evaluate and to predict with.
public final class SavedRun {
  /// The run's folder.
  public let folder: RunFolder
  /// What `run.json` says.
  public let record: RunRecord
  /// Manifest, data and plan.
  public let pipeline: Pipeline
  /// The model, without optimizers.
  public let model: Model
  /// The file that the weights came from.
  public let weightsPath: String
  /// Where training stood when they were written.
  public let state: CheckpointState

  /// Opens a run folder: its manifest, its data (from their cache where that is still there) and its weights, the best ones
  /// where early stopping kept them, the last ones otherwise.
  ///
  /// - Parameters:
  ///   - threads: nil: as the manifest says.
  ///   - progress: hears a line now and then while the data are read.
  /// - Throws: ``DMTError/Code/notFound`` when the folder holds no run or no weights; ``DMTError/Code/invalidArgument`` when
  ///   manifest or data are not those of the run; ``DMTError/Code/shapeMismatch`` with every difference between weights and
  ///   model, operator revisions included.
  public init(
    _ folder: RunFolder, catalog: ManifestCatalog, components: Components, policy: BackendPolicy, threads: Int? = nil,
    progress: ((String) -> Void)? = nil
  ) throws(DMTError) {
    record = try folder.record()
    weightsPath = try folder.weightsPath()
    let checkpoint = try Checkpoint(path: weightsPath)
    let loaded = try ManifestLoader.load(path: folder.manifestPath, catalog: catalog)
    pipeline = try Pipeline(
      loaded, components: components, storedText: try folder.manifestText(), progress: progress)
    try record.requireMatch(pipeline, in: folder)
    guard checkpoint.state.manifestFingerprint == record.manifestFingerprint,
      checkpoint.state.dataFingerprint == record.dataFingerprint
    else {
      throw DMTError(
        .invalidArgument, "the weights are of another run than the folder's record", place: .init(file: weightsPath),
        remedy: "put the run's own file back")
    }
    model = try pipeline.makeModel(
      policy: policy, threads: threads ?? loaded.manifest.train.threads ?? TrainingRun.usableThreads,
      forTraining: false)
    try checkpoint.restore(model.trainableParameters, includesOptimizer: false)
    model.parametersChanged()
    state = checkpoint.state
    self.folder = folder
  }

  /// Measures the model on a split.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` when the split has no sample, ``DMTError/Code/cancelled`` when `shouldStop`
  ///   was true between two batches.
  public func evaluate(
    _ split: SplitName, shouldStop: () -> Bool = { InterruptFlag.isRaised }
  ) throws(DMTError) -> EvaluationResult {
    guard pipeline.dataset.count(of: split) > 0 else {
      throw DMTError(
        .invalidArgument, "the data have no sample in \(split)", place: pipeline.manifest.data.place,
        remedy: "evaluate another split")
    }
    let result = try Evaluator().evaluate(model, on: pipeline.batches(of: split), shouldStop: shouldStop)
    guard let result else { throw DMTError(.cancelled, "the evaluation was interrupted") }
    return result
  }

  /// Writes the probability of every row of a file in the layout of the data section's main file; its label column may be
  /// missing.
  ///
  /// - Returns: the number of rows.
  /// - Throws: errors of the data, the first bad row among them; as ``Predictor/write(_:on:to:columns:shouldStop:)``.
  @discardableResult
  public func predict(
    input path: String, to output: Predictor.Output, columns: Predictor.Columns = .rowAndProbability,
    progress: ((String) -> Void)? = nil
  ) throws(DMTError) -> Int {
    let samples = try pipeline.dataset.encodeRows(path, progress: progress)
    let batches = SplitBatches(samples, batchSize: pipeline.manifest.train.batch)
    return try Predictor.write(model, on: batches, to: output, columns: columns)
  }
}
