/// A parameter that an operator needs.
public struct ParameterSpec: Sendable, Hashable {
  /// The operator's own name for it: `weight`; the node's name goes in front.
  public var name: String
  public var shape: Shape
  public var initializer: Initializer

  public init(name: String, shape: Shape, initializer: Initializer) {
    self.name = name
    self.shape = shape
    self.initializer = initializer
  }
}

/// Multiply-accumulates a sample; a FLOP count is twice that.
public struct OperatorCost: Sendable, Hashable {
  public var forward: Double
  /// Of backward, what the gradients of the inputs cost.
  public var inputGradient: Double
  /// Of backward, what the gradients of the parameters cost.
  public var parameterGradient: Double

  public init(forward: Double = 0, inputGradient: Double = 0, parameterGradient: Double = 0) {
    self.forward = forward
    self.inputGradient = inputGradient
    self.parameterGradient = parameterGradient
  }

  /// A product with a parameter: each gradient costs as much as forward.
  public static func withParameters(_ macs: Double) -> OperatorCost {
    OperatorCost(forward: macs, inputGradient: macs, parameterGradient: macs)
  }

  /// A product of inputs alone: their gradients cost twice forward.
  public static func ofInputs(_ macs: Double) -> OperatorCost {
    OperatorCost(forward: macs, inputGradient: 2 * macs)
  }
}

/// What follows from an operator's inputs and attributes.
public struct OperatorSignature: Sendable, Hashable {
  public var outputs: [Shape]
  public var parameters: [ParameterSpec]
  public var cost: OperatorCost
  /// Bit i: backward reads input i.
  public var backwardReadsInputs: UInt64
  /// Bit i: backward reads output i.
  public var backwardReadsOutputs: UInt64

  public init(
    outputs: [Shape], parameters: [ParameterSpec] = [], cost: OperatorCost = OperatorCost(),
    backwardReadsInputs: UInt64 = 0, backwardReadsOutputs: UInt64 = 0
  ) {
    self.outputs = outputs
    self.parameters = parameters
    self.cost = cost
    self.backwardReadsInputs = backwardReadsInputs
    self.backwardReadsOutputs = backwardReadsOutputs
  }
}
