/// All of a training run that is not a tensor: where it stands and what it was made by.
///
/// It is stored as JSON in the checkpoint's metadata.
public struct CheckpointState: Sendable, Equatable, Codable {
  /// The format that this build writes.
  public static let currentFormatVersion = 1

  /// The format of the file it came from.
  public var formatVersion = CheckpointState.currentFormatVersion
  /// Steps done.
  public var step: Int
  /// Epochs done completely.
  public var epoch: Int
  /// Batches done of the epoch under way.
  public var batchInEpoch: Int
  /// The run's seed; with epoch and batch it gives the data position.
  public var seed: UInt64
  /// What the model and its training were built from.
  public var manifestFingerprint: String
  /// What the samples were read from and how.
  public var dataFingerprint: String
  /// Sum of the losses of the epoch's batches so far, each times its samples.
  public var epochLossSum = 0.0
  /// Samples in that sum.
  public var epochLossSamples = 0
  /// The state of a plateau schedule.
  public var plateau: PlateauState?
  /// The state of early stopping, the best evaluation included.
  public var earlyStopping: EarlyStoppingState?
  /// Steps done at the last evaluation on valid; a resumed run makes one that was due but not made.
  public var lastEvaluationStep = 0
  /// The last evaluation on valid.
  public var lastEvaluation: EvaluationResult?
  /// Parameter name -> operator and revision, `linear/1`.
  public var operatorRevisions: [String: String] = [:]
  /// The plugins that were loaded.
  public var plugins: [PluginRecord] = []
  /// The run has ended by itself: all epochs are done, or early stopping ended it.
  public var isFinished = false

  /// The state at the given position.
  public init(
    step: Int = 0, epoch: Int = 0, batchInEpoch: Int = 0, seed: UInt64, manifestFingerprint: String,
    dataFingerprint: String
  ) {
    self.step = step
    self.epoch = epoch
    self.batchInEpoch = batchInEpoch
    self.seed = seed
    self.manifestFingerprint = manifestFingerprint
    self.dataFingerprint = dataFingerprint
  }
}

/// A plugin that took part in a run.
public struct PluginRecord: Sendable, Equatable, Codable {
  /// The plugin's id.
  public var id: String
  /// Its version.
  public var version: String
  /// The hash of its file.
  public var sha256: String
  /// Where it was loaded from.
  public var file: String?

  /// A plugin by id, version and hash.
  public init(id: String, version: String, sha256: String, file: String? = nil) {
    self.id = id
    self.version = version
    self.sha256 = sha256
    self.file = file
  }
}
