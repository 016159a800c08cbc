/// Keeps the best evaluation and says when to stop.
///
/// The run stops after `patience` evaluations in a row that do not beat the best one. An evaluation without a value counts
/// as one without a gain.
public struct EarlyStoppingState: Sendable, Equatable, Codable {
  /// What an evaluation means for the run.
  public enum Verdict: Sendable, Equatable {
    /// The best so far: its weights are to be kept.
    case gain
    /// No gain, but patience is left.
    case noGain
    /// Patience is used up.
    case stop
  }

  /// The figure that must gain.
  public let metric: EvaluationMetric
  /// Evaluations without a gain that end the run.
  public let patience: Int
  /// The best evaluation so far.
  public private(set) var best: BestMetric?
  /// Evaluations since the best one.
  public private(set) var evaluationsWithoutGain = 0

  /// A state before the first evaluation.
  public init(metric: EvaluationMetric, patience: Int) {
    self.metric = metric
    self.patience = patience
  }

  /// True when patience is used up.
  public var isExhausted: Bool { evaluationsWithoutGain >= max(1, patience) }

  /// Takes the evaluation made after `step` steps and `epoch` epochs.
  public mutating func update(_ result: EvaluationResult, step: Int, epoch: Double) -> Verdict {
    if let value = metric.value(in: result), best.map({ metric.isBetter(value, than: $0.value) }) ?? true {
      best = BestMetric(metric: metric, value: value, step: step, epoch: epoch)
      evaluationsWithoutGain = 0
      return .gain
    }
    evaluationsWithoutGain += 1
    return isExhausted ? .stop : .noGain
  }
}
