public import DMTCore

/// `mlp`: linear after linear.
///
/// [.., in] -> [.., last width]; parameters `0.weight`, `0.bias`, `1.weight`, ..; no widths: the identity.
public struct MLP: Module {
  public let name = "mlp"
  public let summary = "linear after linear: widths, an activation after each, another one after the last"
  public let attributes: AttributeSchema = [
    AttributeField("widths", .ints, "Width of each layer.", minimum: 1),
    AttributeField(
      "activation", .string, "After every layer but the last.", default: .string("relu"),
      choices: LinearOperator.activations),
    AttributeField(
      "last_activation", .string, "After the last layer.", default: .string("none"),
      choices: LinearOperator.activations),
    AttributeField(
      "dropout", .double, "Probability of zero after every layer that has an activation.", default: .double(0),
      minimum: 0, maximum: 1),
  ]

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let widths = try attributes.ints("widths")
    let activation = try attributes.string("activation", default: "relu")
    let last = try attributes.string("last_activation", default: "none")
    let dropout = try attributes.double("dropout", default: 0)
    var value = inputs[0]
    for (index, width) in widths.enumerated() {
      let kind = index == widths.count - 1 ? last : activation
      value = try graph.apply(
        "linear", name: "\(index)", ["out": .int(width), "activation": .string(kind)], value)
      if dropout > 0, kind != "none" {
        value = try graph.apply("dropout", name: "\(index).dropout", ["p": .double(dropout)], value)
      }
    }
    return value
  }
}
