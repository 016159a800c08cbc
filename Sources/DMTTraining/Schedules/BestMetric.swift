/// The best evaluation so far and where it was made.
public struct BestMetric: Sendable, Equatable, Codable {
  /// The figure that is compared.
  public var metric: EvaluationMetric
  /// Its value.
  public var value: Double
  /// Steps done when it was measured.
  public var step: Int
  /// Epochs done when it was measured.
  public var epoch: Double

  /// An evaluation of `value` after `step` steps.
  public init(metric: EvaluationMetric, value: Double, step: Int, epoch: Double) {
    self.metric = metric
    self.value = value
    self.step = step
    self.epoch = epoch
  }
}
