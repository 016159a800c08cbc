import DMTCore
import DMTManifest

extension Trainer {
  /// True when the position is one of those at which a checkpoint is kept, and none was written here.
  var isCheckpointDue: Bool {
    let isPlace = section.checkpointEvery.map { state.step % $0 == 0 } ?? (state.batchInEpoch == 0)
    return isPlace && state.step > 0 && savedState != state
  }

  /// Writes the checkpoint, unless the one on the device is of this very state.
  func save(_ log: RunLog) throws(DMTError) {
    guard savedState != state else { return }
    try write(to: folder.checkpointPath, includesOptimizer: true)
    savedState = state
    try log.write("checkpoint", step: state.step) { $0.add("path", folder.checkpointPath) }
    report(.checkpointWritten(path: folder.checkpointPath, step: state.step))
  }

  /// Keeps the present weights as the best ones.
  func saveBest() throws(DMTError) {
    try write(to: folder.bestPath, includesOptimizer: false)
  }

  private func write(to path: String, includesOptimizer: Bool) throws(DMTError) {
    let state = state
    func write(_ parameters: [TrainableParameter]) throws(DMTError) {
      do throws(DMTError) {
        try FiniteCheck.require(parameters)
      } catch {
        throw located(error, step: state.step, batch: nil)
      }
      try CheckpointWriter.write(parameters, state: state, to: path, includesOptimizer: includesOptimizer)
    }
    if let ranked {
      try ranked.collect(includesOptimizer: includesOptimizer, write)
    } else {
      try write(parameters)
    }
  }

  /// Takes weights, and optimizer states where asked for, over from a checkpoint.
  func restore(_ checkpoint: Checkpoint, includesOptimizer: Bool) throws(DMTError) {
    if let ranked {
      try ranked.restore(checkpoint, includesOptimizer: includesOptimizer)
    } else {
      try checkpoint.restore(parameters, includesOptimizer: includesOptimizer)
      model.parametersChanged()
    }
  }

  /// This process writes the run's files.
  var isLeader: Bool { ranked?.isLeader ?? true }

  /// Every rank but the leader has a log of its own.
  var logPath: String {
    guard let ranked, !ranked.isLeader else { return folder.logPath }
    return folder.rankLogPath(ranked.rank)
  }

  /// Refuses a checkpoint that this trainer would not continue as it was begun.
  func requireSameRun(_ checkpoint: CheckpointState) throws(DMTError) {
    for (what, before, now) in [
      ("manifest", checkpoint.manifestFingerprint, record.manifestFingerprint),
      ("data", checkpoint.dataFingerprint, record.dataFingerprint),
      ("seed", String(checkpoint.seed), String(record.seed)),
    ] where before != now {
      throw DMTError(
        .invalidArgument, "the checkpoint was made with another \(what): \(before) then, \(now) now",
        place: .init(file: folder.checkpointPath),
        remedy: "continue with the run folder's own manifest and the same data, or start a new run")
    }
    guard checkpoint.batchInEpoch <= train.batchesPerEpoch, checkpoint.epoch <= section.epochs else {
      throw DMTError(
        .invalidData,
        "the checkpoint stands at batch \(checkpoint.batchInEpoch) of epoch \(checkpoint.epoch + 1), the run has "
          + "\(section.epochs) epochs of \(train.batchesPerEpoch) batches", place: .init(file: folder.checkpointPath))
    }
  }

  // MARK: - The end

  /// Why a run whose checkpoint says that it is finished had ended.
  var finishedReason: RunRecord.Outcome.Reason { state.epoch < section.epochs ? .earlyStopped : .completed }

  /// Writes the last checkpoint, puts the best weights back, measures them on test, and writes the outcome.
  func end(
    _ reason: RunRecord.Outcome.Reason, samplesPerSecond: Double?, log: RunLog
  ) throws(DMTError) -> RunRecord.Outcome {
    var outcome = RunRecord.Outcome(
      reason: reason, step: state.step, best: state.earlyStopping?.best, valid: state.lastEvaluation,
      samplesPerSecond: samplesPerSecond)
    state.isFinished = reason.isFinal
    try save(log)
    if reason.isFinal {
      if let best = try restoreBest() {
        outcome.best = best.earlyStopping?.best
        outcome.valid = best.lastEvaluation
      }
      if let test {
        if let result = try evaluate(test) {
          let step = outcome.best?.step ?? state.step
          let epoch = outcome.best?.epoch ?? Double(step) / Double(train.batchesPerEpoch)
          try publish(result, set: "test", epoch: epoch, isBest: false, log: log)
          outcome.test = result
        } else {
          // The checkpoint says that nothing but this is left to do.
          outcome.reason = .interrupted
        }
      }
    }
    record.outcome = outcome
    if isLeader { try folder.write(record) }
    try log.write("end", step: state.step) { $0.add("reason", outcome.reason.rawValue) }
    return outcome
  }

  /// Puts the best weights into the model and returns where they were made; nil when none were kept.
  private func restoreBest() throws(DMTError) -> CheckpointState? {
    guard state.earlyStopping?.best != nil, folder.hasBest else { return nil }
    let best = try Checkpoint(path: folder.bestPath)
    try restore(best, includesOptimizer: false)
    return best.state
  }

  /// Notes that an error ended the run; that error is the one to be told, so a failure to note it is not.
  func fail(_ log: RunLog) {
    record.outcome = RunRecord.Outcome(
      reason: .failed, step: state.step, best: state.earlyStopping?.best, valid: state.lastEvaluation)
    if isLeader { try? folder.write(record) }
    try? log.write("end", step: state.step) { $0.add("reason", RunRecord.Outcome.Reason.failed.rawValue) }
  }
}
