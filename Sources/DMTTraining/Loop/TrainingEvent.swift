/// What a training run tells whoever started it, as it happens.
public enum TrainingEvent: Sendable {
  /// The run begins or continues.
  case started(TrainingSize)
  /// A step was done.
  case step(StepReport)
  /// An epoch was done: its number from 1, and the mean training loss over it.
  case epochEnded(epoch: Int, loss: Double)
  /// The model was measured.
  case evaluated(EvaluationReport)
  /// A plateau lowered the learning rates to this multiple of their schedule.
  case ratesFell(multiplier: Double)
  /// A checkpoint is on the device.
  case checkpointWritten(path: String, step: Int)
  /// Something the user should know that does not stop the run.
  case warning(String)
  /// Preparation goes on: reading data, building the cache.
  case preparing(String)
  /// The run ended without an error.
  case ended(RunRecord.Outcome)
}

/// How much there is to do.
public struct TrainingSize: Sendable, Equatable {
  /// Steps already done, more than 0 for a run that continues.
  public var step: Int
  /// Steps of all epochs, or the limit on them where one was set.
  public var totalSteps: Int
  /// Epochs in all.
  public var epochs: Int
  /// Steps of an epoch.
  public var batchesPerEpoch: Int
  /// Samples to train on.
  public var trainCount: Int
  /// Samples to validate on.
  public var validCount: Int
  /// Samples to test on.
  public var testCount: Int
  /// Elements of all parameters.
  public var parameterCount: Int

  package init(
    step: Int, totalSteps: Int, epochs: Int, batchesPerEpoch: Int, trainCount: Int, validCount: Int, testCount: Int,
    parameterCount: Int
  ) {
    self.step = step
    self.totalSteps = totalSteps
    self.epochs = epochs
    self.batchesPerEpoch = batchesPerEpoch
    self.trainCount = trainCount
    self.validCount = validCount
    self.testCount = testCount
    self.parameterCount = parameterCount
  }
}

/// One step, and the rates of this process so far.
public struct StepReport: Sendable, Equatable {
  /// Steps done.
  public var step: Int
  /// Steps of all epochs, or the limit on them where one was set.
  public var totalSteps: Int
  /// The epoch, from 1.
  public var epoch: Int
  /// Epochs in all.
  public var epochs: Int
  /// The batch in its epoch, from 1.
  public var batch: Int
  /// Mean loss of the batch before the update.
  public var loss: Double
  /// Factor on every learning rate.
  public var learningRateScale: Double
  /// Samples of the batch.
  public var samples: Int
  /// Seconds of the step, waiting for its batch included.
  public var seconds: Double
  /// What this process trained so far.
  public var throughput: Throughput
}

/// Steps, samples and seconds of training alone: evaluations and checkpoints are not in it.
public struct Throughput: Sendable, Equatable {
  public var steps = 0
  public var samples = 0
  public var seconds = 0.0

  /// Samples a second; nil before the first step.
  public var samplesPerSecond: Double? { seconds > 0 ? Double(samples) / seconds : nil }

  mutating func add(samples: Int, seconds: Double) {
    steps += 1
    self.samples += samples
    self.seconds += seconds
  }
}

/// One evaluation.
public struct EvaluationReport: Sendable, Equatable {
  /// `valid` or `test`.
  public var set: String
  /// The figures.
  public var result: EvaluationResult
  /// Steps done.
  public var step: Int
  /// Epochs done, with the share of the one under way.
  public var epoch: Double
  /// The best so far by the metric of early stopping; false where there is none.
  public var isBest: Bool

  package init(set: String, result: EvaluationResult, step: Int, epoch: Double, isBest: Bool) {
    self.set = set
    self.result = result
    self.step = step
    self.epoch = epoch
    self.isBest = isBest
  }
}
