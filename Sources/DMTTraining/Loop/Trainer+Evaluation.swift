import DMTCore
import DMTManifest

extension Trainer {
  /// Prepares early stopping and plateau, which watch the same metric.
  ///
  /// - Throws: ``DMTError/Code/invalidManifest`` for an unknown metric, or when there is nothing to evaluate on.
  func watchMetrics() throws(DMTError) {
    var metric = EvaluationMetric.auc
    var watcher: String?
    if let stopping = section.earlyStopping {
      metric = try EvaluationMetric(named: stopping.metric, place: section.place)
      state.earlyStopping = EarlyStoppingState(metric: metric, patience: stopping.patience)
      watcher = "early_stopping"
    }
    if case .plateau(let factor, let patience) = section.schedule {
      state.plateau = PlateauState(metric: metric, factor: factor, patience: patience)
      watcher = watcher ?? "the plateau schedule"
    }
    if let watcher, valid == nil {
      throw DMTError(
        .invalidManifest, "\(watcher) watches \(metric.rawValue) on valid, which has no sample", place: section.place,
        remedy: "give the data section a valid split, or take \(watcher) out")
    }
  }

  /// True when the present weights are to be measured and have not been.
  var isEvaluationDue: Bool {
    guard valid != nil, state.step > 0, state.lastEvaluationStep != state.step else { return false }
    let isEpochEnd = state.batchInEpoch >= train.batchesPerEpoch
    // The last weights are always measured: where nothing keeps better ones, the run stands for them.
    if isEpochEnd, state.epoch + 1 >= section.epochs { return true }
    if let every = section.evaluateEvery { return state.step % every == 0 }
    return isEpochEnd
  }

  /// Measures the model on valid and lets early stopping and plateau take the result; false when it was interrupted, in
  /// which case nothing changed.
  func evaluateOnValid(_ log: RunLog) throws(DMTError) -> Bool {
    guard let valid, let result = try evaluate(valid) else { return false }
    let step = state.step
    let epoch = Double(step) / Double(train.batchesPerEpoch)
    state.lastEvaluationStep = step
    state.lastEvaluation = result
    let isBest = state.earlyStopping?.update(result, step: step, epoch: epoch) == .gain
    let fell = state.plateau?.update(result) ?? false
    try publish(result, set: "valid", epoch: epoch, isBest: isBest, log: log)
    if fell, let multiplier = state.plateau?.multiplier { report(.ratesFell(multiplier: multiplier)) }
    if isBest { try saveBest() }
    return true
  }

  /// The figures of the present weights on `source`; nil when the run is to stop.
  func evaluate(_ source: any BatchSource) throws(DMTError) -> EvaluationResult? {
    do throws(DMTError) {
      return try evaluator.evaluate(model, on: source, shouldStop: shouldStop)
    } catch {
      throw located(error, step: state.step, batch: nil)
    }
  }

  /// Writes an evaluation to the log and reports it.
  func publish(
    _ result: EvaluationResult, set: String, epoch: Double, isBest: Bool, log: RunLog
  ) throws(DMTError) {
    try log.write("evaluation", step: state.step) {
      $0.add("epoch", epoch as Double?)
      $0.add("set", set)
      $0.add("auc", result.auc)
      $0.add("logloss", result.logloss)
      $0.add("ne", result.ne)
      $0.add("calibration", result.calibration)
      $0.add("examples", result.examples)
      if let gauc = result.gauc { $0.add("gauc", gauc as Double?) }
    }
    report(
      .evaluated(EvaluationReport(set: set, result: result, step: state.step, epoch: epoch, isBest: isBest)))
  }
}
