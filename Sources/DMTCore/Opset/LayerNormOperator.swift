/// `layer_norm`: (x - mean) / sqrt(variance + eps) weight + bias on the last axis.
///
/// The variance is the mean of squares about the mean (no correction), as PyTorch's.
public struct LayerNormOperator: Operator {
  public let name = "layer_norm"
  public let summary = "(x - mean) / sqrt(variance + eps) weight + bias on the last axis; weight [D], bias [D]"
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [
    AttributeField("eps", .double, "Added to the variance.", default: .double(1e-5), minimum: 0)
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    guard inputs[0].rank >= 2, let width = inputs[0].dims.last else {
      throw mismatch(inputs, expected: "[.., D] with at least two axes")
    }
    return OperatorSignature(
      outputs: [inputs[0]],
      parameters: [
        ParameterSpec(name: "weight", shape: [width], initializer: .ones),
        ParameterSpec(name: "bias", shape: [width], initializer: .zeros),
      ], backwardReadsInputs: 1)
  }
}
