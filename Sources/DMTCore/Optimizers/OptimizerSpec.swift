/// An optimizer by name with its settings, in PyTorch's names and meanings.
public struct OptimizerSpec: Sendable, Hashable {
  /// `sgd`, `adagrad`, `adam`, `adamw`; for tables also `rowwise_adagrad`, `lazy_adam`; or the name of ``rule``.
  public var name: String
  /// Base learning rate, before the schedule.
  public var learningRate: Double
  /// `momentum`, `nesterov`, `weight_decay`, `beta1`, `beta2`, `eps`; or what ``rule`` accepts.
  public var attributes: Attributes
  /// The rule behind the name; nil: one of this project's, which backends know by name.
  public var rule: Rule?

  public init(
    name: String, learningRate: Double = 0.001, attributes: Attributes = Attributes(), rule: Rule? = nil
  ) {
    self.name = name
    self.learningRate = learningRate
    self.attributes = attributes
    self.rule = rule
  }

  /// The settings of an optimizer that brings its own rule.
  ///
  /// - Parameter learningRate: nil: the rule's own.
  /// - Throws: ``DMTError/Code/invalidArgument`` for attributes that it does not accept.
  public init(
    _ optimizer: any Optimizer, learningRate: Double? = nil, attributes: Attributes = Attributes()
  ) throws(DMTError) {
    let valid = try optimizer.attributes.validated(attributes, owner: "optimizer \(optimizer.name)")
    self.init(
      name: optimizer.name, learningRate: learningRate ?? optimizer.learningRate, attributes: valid,
      rule: Rule(optimizer, layout: try optimizer.layout(valid)))
  }

  /// An optimizer that brings its own rule, and the states that it has with the specification's attributes.
  public struct Rule: Sendable, Hashable {
    public let optimizer: any Optimizer
    public let layout: OptimizerLayout

    init(_ optimizer: any Optimizer, layout: OptimizerLayout) {
      self.optimizer = optimizer
      self.layout = layout
    }

    public static func == (left: Rule, right: Rule) -> Bool {
      left.optimizer.name == right.optimizer.name && left.layout == right.layout
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(optimizer.name)
      hasher.combine(layout)
    }
  }
}
