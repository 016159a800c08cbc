public import DMTCore
import DMTDistributed
public import DMTManifest

/// The training loop: steps, evaluations, schedules, checkpoints; and its continuation at the exact step.
///
/// Everything that decides what happens next stands in the ``CheckpointState``, so a run that was stopped between any two
/// steps, or in an evaluation, continues as if it had not been. A step allocates nothing beside what model and source do.
public final class Trainer {
  /// What a trainer works with.
  public struct Parts {
    public var model: any TrainableModel
    public var train: any BatchSource
    /// nil, or without samples: nothing is evaluated while the model trains.
    public var valid: (any BatchSource)?
    /// nil, or without samples: the result has no figures of test.
    public var test: (any BatchSource)?

    public init(
      model: any TrainableModel, train: any BatchSource, valid: (any BatchSource)? = nil,
      test: (any BatchSource)? = nil
    ) {
      self.model = model
      self.train = train
      self.valid = valid
      self.test = test
    }
  }

  let model: any TrainableModel
  /// The model, where it is one rank's part.
  let ranked: (any RankedModel)?
  let train: any BatchSource
  let valid: (any BatchSource)?
  let test: (any BatchSource)?
  let section: TrainSection
  let folder: RunFolder
  let shouldStop: () -> Bool
  let report: (TrainingEvent) -> Void
  let parameters: [TrainableParameter]
  let evaluator = Evaluator()
  var record: RunRecord
  var state: CheckpointState
  /// The state of the last checkpoint: what needs no further one.
  var savedState: CheckpointState?
  private let schedule: LearningRateSchedule
  private let stepLimit: Int?
  private var throughput = Throughput()
  private let clock = ContinuousClock()
  private var begin: ContinuousClock.Instant

  /// A trainer for the run in `folder`, which ``RunFolder/create(manifest:record:replacing:)`` has made.
  ///
  /// - Parameters:
  ///   - maxSteps: the run stops after this many steps in all, those before it was resumed included.
  ///   - shouldStop: asked after every step and in evaluations; true ends the run with a checkpoint.
  ///   - report: hears of everything that happens, on the same thread.
  /// - Throws: ``DMTError/Code/invalidManifest`` for settings that make no sense or want a valid split that is empty,
  ///   ``DMTError/Code/invalidData`` without a training sample.
  public init(
    _ parts: Parts, section: TrainSection, folder: RunFolder, record: RunRecord, maxSteps: Int? = nil,
    shouldStop: @escaping () -> Bool = { InterruptFlag.isRaised },
    report: @escaping (TrainingEvent) -> Void = { _ in }
  ) throws(DMTError) {
    func usable(_ source: (any BatchSource)?) -> (any BatchSource)? {
      source.flatMap { $0.batchesPerEpoch > 0 ? $0 : nil }
    }
    model = parts.model
    ranked = parts.model as? any RankedModel
    train = parts.train
    valid = usable(parts.valid)
    test = usable(parts.test)
    self.section = section
    self.folder = folder
    self.record = record
    self.shouldStop = shouldStop
    self.report = report
    stepLimit = maxSteps
    parameters = parts.model.trainableParameters
    begin = clock.now
    for (name, value) in [
      ("epochs", section.epochs as Int?), ("evaluate_every", section.evaluateEvery),
      ("checkpoint_every", section.checkpointEvery),
    ] {
      guard let value, value < 1 else { continue }
      throw DMTError(.invalidManifest, "train.\(name) is \(value), expected at least 1", place: section.place)
    }
    if let maxSteps, maxSteps < 1 {
      throw DMTError(.invalidArgument, "the limit on steps is \(maxSteps), expected at least 1")
    }
    guard train.batchesPerEpoch > 0 else {
      throw DMTError(.invalidData, "there is no sample to train on", remedy: "check the data section's files and split")
    }
    schedule = try LearningRateSchedule(
      section.schedule, warmupSteps: section.warmupSteps, stepsPerEpoch: train.batchesPerEpoch,
      epochs: section.epochs, place: section.place)
    state = CheckpointState(
      seed: record.seed, manifestFingerprint: record.manifestFingerprint, dataFingerprint: record.dataFingerprint)
    state.plugins = record.plugins
    try watchMetrics()
  }

  /// Trains from the first step.
  ///
  /// - Returns: how the run ended; `run.json` holds the same.
  /// - Throws: ``DMTError/Code/notFinite`` with step, epoch and batch when the loss, a gradient or a weight is NaN or
  ///   infinite, ``DMTError/Code/io`` when a file cannot be written; the last good checkpoint is intact in every case.
  public func start() throws(DMTError) -> RunRecord.Outcome {
    let log = try RunLog(path: logPath, keepingSteps: nil)
    return try run(log, event: "start")
  }

  /// Continues the run at its last checkpoint; one that has none begins anew, one that is finished stays as it is.
  ///
  /// - Throws: as ``start()``; ``DMTError/Code/invalidArgument`` when the checkpoint is of another model, seed or data set.
  public func resume() throws(DMTError) -> RunRecord.Outcome {
    let checkpoint = try folder.hasCheckpoint ? Checkpoint(path: folder.checkpointPath) : nil
    if let outcome = try folder.record().outcome, outcome.reason.isFinal, checkpoint?.state.isFinished == true {
      return outcome
    }
    if let checkpoint { try requireSameRun(checkpoint.state) }
    // The log's lock keeps other processes out, so from here on the files are this one's.
    let log = try RunLog(
      path: logPath, keepingSteps: checkpoint?.state.step,
      evaluationsTo: checkpoint?.state.lastEvaluationStep ?? 0)
    if isLeader { AtomicFile.removeLeftovers(in: folder.path) }
    if let checkpoint {
      try restore(checkpoint, includesOptimizer: true)
      state = checkpoint.state
      state.plugins = record.plugins
      savedState = state
    }
    if isLeader, state.earlyStopping?.best == nil { try folder.removeBest() }
    return try run(log, event: checkpoint == nil ? "start" : "resume")
  }

  // MARK: - The loop

  private func run(_ log: RunLog, event: StaticString) throws(DMTError) -> RunRecord.Outcome {
    begin = clock.now
    record.outcome = nil
    if isLeader { try folder.write(record) }
    try log.write(event, step: state.step)
    report(.started(size))
    do throws(DMTError) {
      let reason = state.isFinished ? finishedReason : try loop(log)
      let outcome = try end(reason, samplesPerSecond: throughput.samplesPerSecond, log: log)
      report(.ended(outcome))
      return outcome
    } catch {
      fail(log)
      throw error
    }
  }

  private func loop(_ log: RunLog) throws(DMTError) -> RunRecord.Outcome.Reason {
    train.seek(epoch: state.epoch, batchNumber: state.batchInEpoch)
    while true {
      // All that is due at this position comes before the next step; each part leaves a mark in the state when it is done.
      if isEvaluationDue, try !evaluateOnValid(log) { return .interrupted }
      if state.earlyStopping?.isExhausted == true { return .earlyStopped }
      if state.batchInEpoch >= train.batchesPerEpoch { try endEpoch() }
      if isCheckpointDue { try save(log) }
      if state.epoch >= section.epochs { return .completed }
      if shouldStop() { return .interrupted }
      if let stepLimit, state.step >= stepLimit { return .stepLimit }
      try step(log)
    }
  }

  private func step(_ log: RunLog) throws(DMTError) {
    let start = clock.now
    guard let batch = try train.next() else {
      throw DMTError(
        .internalError,
        "epoch \(state.epoch + 1) ended after \(state.batchInEpoch) batches, expected "
          + "\(train.batchesPerEpoch)")
    }
    defer { train.recycle(batch) }
    let waited = ranked?.waitTimes
    let scale = schedule.multiplier(atStep: state.step) * (state.plateau?.multiplier ?? 1)
    let loss: Double
    do throws(DMTError) {
      loss = try model.trainStep(batch, learningRateScale: scale, step: state.step + 1)
    } catch {
      throw located(error, step: state.step + 1, batch: state.batchInEpoch + 1)
    }
    let now = clock.now
    let seconds = Self.seconds(now - start)
    let samples = batch.globalCount
    throughput.add(samples: samples, seconds: seconds)
    state.epochLossSum += loss * Double(samples)
    state.epochLossSamples += samples
    state.step += 1
    state.batchInEpoch += 1

    let step = StepReport(
      step: state.step, totalSteps: totalSteps, epoch: state.epoch + 1, epochs: section.epochs,
      batch: state.batchInEpoch, loss: loss, learningRateScale: scale, samples: samples, seconds: seconds,
      throughput: throughput)
    let milliseconds = Int((Self.seconds(now - begin) * 1000).rounded())
    try log.write("step", step: step.step) {
      $0.add("epoch", step.epoch)
      $0.add("batch", step.batch)
      $0.add("loss", Float(step.loss))
      $0.add("lr", Float(section.optimizer.learningRate * scale))
      $0.add("table_lr", Float(section.tableOptimizer.learningRate * scale))
      $0.add("samples", step.samples)
      $0.add("samples_per_second", Float(Double(step.samples) / max(seconds, 1e-9)))
      $0.add("ms", milliseconds)
      if let waited, let ranked { $0.add(ranked.waitTimes.since(waited), seconds: seconds) }
    }
    report(.step(step))
  }

  private func endEpoch() throws(DMTError) {
    if let batch = try train.next() {
      train.recycle(batch)
      throw DMTError(
        .internalError, "epoch \(state.epoch + 1) goes on after its last batch, \(train.batchesPerEpoch)")
    }
    let samples = max(1, state.epochLossSamples)
    state.epoch += 1
    state.batchInEpoch = 0
    report(.epochEnded(epoch: state.epoch, loss: state.epochLossSum / Double(samples)))
    state.epochLossSum = 0
    state.epochLossSamples = 0
  }

  /// The error with the epoch and the batch it happened in; `batch` is nil between two batches.
  func located(_ error: DMTError, step: Int, batch: Int?) -> DMTError {
    var error = error
    error.message += " in epoch \(min(state.epoch + 1, section.epochs))"
    if let batch { error.message += ", batch \(batch) of \(train.batchesPerEpoch)" }
    if folder.hasCheckpoint, error.code == .notFinite {
      let rest = error.remedy.map { "; " + $0 } ?? ""
      error.remedy = "the last good checkpoint is \(folder.checkpointPath)\(rest)"
    }
    return error.at(.init(step: step))
  }

  // MARK: - Figures

  /// Steps of all epochs, or the limit where it is lower.
  private var totalSteps: Int { min(schedule.totalSteps, stepLimit ?? .max) }

  private var size: TrainingSize {
    TrainingSize(
      step: state.step, totalSteps: totalSteps, epochs: section.epochs, batchesPerEpoch: train.batchesPerEpoch,
      trainCount: train.sampleCount, validCount: valid?.sampleCount ?? 0, testCount: test?.sampleCount ?? 0,
      parameterCount: ranked?.wholeParameterCount
        ?? parameters.reduce(0) { $0 + $1.tensor.shape.reduce(1, *) })
  }

  private static func seconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
