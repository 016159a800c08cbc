/// Shows a run's events to a person: a progress line that is rewritten in place, and a line for every evaluation.
///
///     let terminal = TerminalReport { line in print(line) }
///     options.report = terminal.show
public final class TerminalReport {
  private var progress: ProgressLine
  private let clock = ContinuousClock()
  private let begin: ContinuousClock.Instant
  private let print: (String) -> Void
  private let warn: (String) -> Void

  /// A report whose whole lines go to `print` and whose warnings go to `warn`; the progress line goes to standard error
  /// when that is a terminal.
  public init(print: @escaping (String) -> Void, warn: ((String) -> Void)? = nil) {
    self.print = print
    self.warn = warn ?? print
    begin = clock.now
    progress = ProgressLine(now: 0)
  }

  /// Shows one event.
  public func show(_ event: TrainingEvent) {
    if case .step(let step) = event {
      show(step)
      return
    }
    guard let line = Self.line(for: event) else { return }
    progress.clear()
    if case .warning = event { warn(line) } else { print(line) }
  }

  private func show(_ step: StepReport) {
    let (seconds, attoseconds) = (clock.now - begin).components
    let now = Double(seconds) + Double(attoseconds) * 1e-18
    guard progress.isDue(now: now) else { return }
    progress.update(
      now: now,
      text: ProgressLine.text(
        epoch: step.epoch - 1, epochs: step.epochs, step: step.step, totalSteps: step.totalSteps, loss: step.loss,
        stepsHere: step.throughput.steps, samples: step.throughput.samples, seconds: step.throughput.seconds))
  }

  /// The line for an event; nil for those that a reader need not see.
  package static func line(for event: TrainingEvent) -> String? {
    switch event {
    case .step, .checkpointWritten: return nil
    case .started(let size):
      let from = size.step > 0 ? "continuing at step \(size.step) of \(size.totalSteps)" : "\(size.totalSteps) steps"
      return "\(size.parameterCount) parameters; \(size.trainCount) samples to train on, \(size.validCount) valid, "
        + "\(size.testCount) test; \(size.epochs) epoch\(size.epochs == 1 ? "" : "s"), \(from)"
    case .epochEnded(let epoch, let loss): return "epoch \(epoch): training loss \(ProgressLine.fixed(loss, digits: 5))"
    case .evaluated(let evaluation):
      let position = "step \(evaluation.step) (epoch \(ProgressLine.fixed(evaluation.epoch, digits: 2)))"
      return "\(evaluation.set) at \(position): \(text(evaluation.result))\(evaluation.isBest ? "  best so far" : "")"
    case .ratesFell(let multiplier): return "plateau: learning rates are now \(Float(multiplier)) of their schedule"
    case .warning(let text): return "warning: \(text)"
    case .preparing(let text): return text
    case .ended(let outcome): return "\(reason(outcome)) after \(outcome.step) steps"
    }
  }

  private static func text(_ result: EvaluationResult) -> String {
    [
      ("auc", result.auc), ("logloss", result.logloss), ("ne", result.ne), ("calibration", result.calibration),
    ].map { "\($0.0) " + ($0.1.map { ProgressLine.fixed($0, digits: 5) } ?? "-") }.joined(separator: "  ")
  }

  private static func reason(_ outcome: RunRecord.Outcome) -> String {
    switch outcome.reason {
    case .completed: "completed"
    case .earlyStopped: "stopped early"
    case .stepLimit: "reached the limit on steps"
    case .interrupted: "interrupted"
    case .failed: "failed"
    }
  }
}
