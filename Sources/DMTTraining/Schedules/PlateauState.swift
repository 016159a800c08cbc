/// Lowers the learning rates after evaluations without a gain.
///
/// After `patience` evaluations in a row that do not beat the best one, the factor is multiplied by `factor` and the count
/// starts anew. An evaluation without a value counts as one without a gain.
public struct PlateauState: Sendable, Equatable, Codable {
  /// The figure that must gain.
  public let metric: EvaluationMetric
  /// What the factor is multiplied by.
  public let factor: Double
  /// Evaluations without a gain that are borne.
  public let patience: Int
  /// The factor on every learning rate now.
  public private(set) var multiplier = 1.0
  /// The best value so far.
  public private(set) var best: Double?
  /// Evaluations since the last gain or fall.
  public private(set) var evaluationsWithoutGain = 0

  /// A state before the first evaluation.
  public init(metric: EvaluationMetric, factor: Double, patience: Int) {
    self.metric = metric
    self.factor = factor
    self.patience = patience
  }

  /// Takes an evaluation; true when the rates fell.
  @discardableResult
  public mutating func update(_ result: EvaluationResult) -> Bool {
    if let value = metric.value(in: result), best.map({ metric.isBetter(value, than: $0) }) ?? true {
      best = value
      evaluationsWithoutGain = 0
      return false
    }
    evaluationsWithoutGain += 1
    guard evaluationsWithoutGain >= patience else { return false }
    evaluationsWithoutGain = 0
    multiplier *= factor
    return true
  }
}
