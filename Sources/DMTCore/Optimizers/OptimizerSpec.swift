/// An optimizer by name with its settings, in PyTorch's names and meanings.
public struct OptimizerSpec: Sendable, Hashable {
  /// `sgd`, `adagrad`, `adam`, `adamw`; for tables also `rowwise_adagrad`, `lazy_adam`.
  public var name: String
  /// Base learning rate, before the schedule.
  public var learningRate: Double
  /// `momentum`, `nesterov`, `weight_decay`, `beta1`, `beta2`, `eps`.
  public var attributes: Attributes

  public init(name: String, learningRate: Double = 0.001, attributes: Attributes = Attributes()) {
    self.name = name
    self.learningRate = learningRate
    self.attributes = attributes
  }
}
