/// `linear`: out = activation(x weight^T + bias) on the last axis; [.., in] -> [.., out].
public struct LinearOperator: Operator {
  /// The activations that can follow a product.
  public static let activations = ["none", "relu", "sigmoid", "tanh", "gelu"]

  public let name = "linear"
  public let summary = "activation(x weight^T + bias); [.., in] -> [.., out]; weight [out, in], bias [out]"
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [
    AttributeField("out", .int, "Width of the result.", minimum: 1),
    AttributeField("bias", .bool, "Add a bias.", default: .bool(true)),
    AttributeField(
      "activation", .string, "What follows the product.", default: .string("none"), choices: activations),
    AttributeField(
      "weight_deviation", .double,
      "Standard deviation of the weight's normal initial values; without it they are uniform, as PyTorch's.",
      isOptional: true, minimum: 0),
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    guard inputs[0].rank >= 2, let width = inputs[0].dims.last, width >= 1 else {
      throw mismatch(inputs, expected: "[.., in] with at least two axes")
    }
    let out = try attributes.int("out")
    // PyTorch's default for nn.Linear.
    let bound = 1 / Double(width).squareRoot()
    let uniform = Initializer.uniform(low: -bound, high: bound)
    let weight =
      attributes["weight_deviation"] == nil
      ? uniform : .normal(mean: 0, deviation: try attributes.double("weight_deviation", default: 0))
    var parameters = [ParameterSpec(name: "weight", shape: [out, width], initializer: weight)]
    if try attributes.bool("bias", default: true) {
      parameters.append(ParameterSpec(name: "bias", shape: [out], initializer: uniform))
    }
    let rows = Double(Shape(Array(inputs[0].dims.dropFirst().dropLast())).elementsPerSample)
    let activation = try attributes.string("activation", default: "none")
    return OperatorSignature(
      outputs: [Shape(inputs[0].dims.dropLast() + [out])], parameters: parameters,
      cost: .withParameters(rows * Double(out) * Double(width)), backwardReadsInputs: 1,
      backwardReadsOutputs: ["relu", "sigmoid", "tanh"].contains(activation) ? 1 : 0)
  }
}
