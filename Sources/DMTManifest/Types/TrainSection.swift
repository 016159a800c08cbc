public import DMTCore

/// How the model is trained.
public struct TrainSection: Sendable, Equatable {
  /// How the learning rates move; every kind may start with a linear warm-up.
  public enum Schedule: Sendable, Equatable {
    case constant
    /// Falls to `final` times the base rate over all steps of all epochs.
    case linear(final: Double)
    /// Multiplied by `factor` every `every` epochs.
    case step(every: Double, factor: Double)
    /// Half a cosine from the base rate to `final` times it.
    case cosine(final: Double)
    /// Multiplied by `factor` after `patience` evaluations without a gain.
    case plateau(factor: Double, patience: Int)
  }

  /// Ends the training when the validation metric stops gaining.
  public struct EarlyStopping: Sendable, Equatable {
    public var metric: String
    public var patience: Int
    public init(metric: String = "auc", patience: Int = 2) {
      self.metric = metric
      self.patience = patience
    }
  }

  public var epochs: Int
  public var batch: Int
  public var seed: UInt64
  public var optimizer: OptimizerSpec
  /// The tables' optimizer.
  public var tableOptimizer: OptimizerSpec
  public var schedule: Schedule
  /// Steps of linear warm-up from 0.
  public var warmupSteps: Int
  /// Largest global norm of the gradient; nil: no clipping.
  public var clipNorm: Double?
  public var earlyStopping: EarlyStopping?
  /// Steps between evaluations on valid; nil: at the end of every epoch.
  public var evaluateEvery: Int?
  /// Steps between checkpoints; nil: at the end of every epoch.
  public var checkpointEvery: Int?
  /// Shuffle the training samples each epoch.
  public var shuffle: Bool
  /// Threads in all; nil: as many as cores.
  public var threads: Int?
  public var place: DMTError.Place

  public init(
    epochs: Int = 1, batch: Int = 4096, seed: UInt64 = 1, optimizer: OptimizerSpec = OptimizerSpec(name: "adam"),
    tableOptimizer: OptimizerSpec = OptimizerSpec(name: "rowwise_adagrad", learningRate: 0.01),
    schedule: Schedule = .constant,
    warmupSteps: Int = 0, clipNorm: Double? = nil, earlyStopping: EarlyStopping? = nil, evaluateEvery: Int? = nil,
    checkpointEvery: Int? = nil, shuffle: Bool = true, threads: Int? = nil, place: DMTError.Place = .init()
  ) {
    self.epochs = epochs
    self.batch = batch
    self.seed = seed
    self.optimizer = optimizer
    self.tableOptimizer = tableOptimizer
    self.schedule = schedule
    self.warmupSteps = warmupSteps
    self.clipNorm = clipNorm
    self.earlyStopping = earlyStopping
    self.evaluateEvery = evaluateEvery
    self.checkpointEvery = checkpointEvery
    self.shuffle = shuffle
    self.threads = threads
    self.place = place
  }
}
