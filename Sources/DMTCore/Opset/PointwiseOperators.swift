/// `relu`, `sigmoid`, `tanh`, `gelu`: one function of every element.
public struct ActivationOperator: Operator {
  public let name: String
  public let summary: String
  public let inputNames = ["x"]
  private let backwardReadsOutput: Bool

  public init(name: String, formula: String, backwardReadsOutput: Bool = true) {
    self.name = name
    self.summary = formula
    self.backwardReadsOutput = backwardReadsOutput
  }

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    OperatorSignature(
      outputs: [inputs[0]], backwardReadsInputs: backwardReadsOutput ? 0 : 1,
      backwardReadsOutputs: backwardReadsOutput ? 1 : 0)
  }
}

/// `softmax`: exp(x - max) / sum on one axis.
public struct SoftmaxOperator: Operator {
  public let name = "softmax"
  public let summary = "exp(x) / sum of exp(x) on `axis`"
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [
    AttributeField("axis", .int, "The axis that sums to 1; not the batch.", default: .int(-1))
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    let axis = try normalised(axis: attributes.int("axis", default: -1), rank: inputs[0].rank)
    guard axis > 0 else { throw mismatch(inputs, expected: "an axis behind the batch") }
    return OperatorSignature(outputs: [inputs[0]], backwardReadsOutputs: 1)
  }
}

/// `dropout`: in training zeroes an element with probability p and multiplies the others by 1 / (1 - p).
///
/// The random numbers are a function of (seed, step, node, global sample number, element); see ``Dropout``.
public struct DropoutOperator: Operator {
  public let name = "dropout"
  public let summary = "in training zero with probability p, else x / (1 - p); the identity otherwise"
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [
    AttributeField("p", .double, "Probability of zero.", default: .double(0.5), minimum: 0, maximum: 1)
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    OperatorSignature(outputs: [inputs[0]])
  }
}
