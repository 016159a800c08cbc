public import DMTCore

/// `deepfm`: first-order weights, the sum of the dots of all pairs, and a deep MLP; the over-arch of DeepFM.
///
/// Inputs: x [B, F, D] or [B, F D]; optionally dense [B, n], which stands behind x in the deep MLP; with
/// `first_order` last [B, F], one weight a feature. Result: the logit [B]. Parameters `deep.0.weight` ..,
/// `head.weight`, `head.bias`. Source: Guo et al., arXiv 1703.04247.
public struct DeepFM: Module {
  public let name = "deepfm"
  public let summary = "first-order weights + sum of the dots of all pairs + deep MLP, to one logit"
  public let maximumInputs: Int? = 3
  public let attributes: AttributeSchema = [
    AttributeField("widths", .ints, "Widths of the deep MLP, relu after each.", minimum: 1),
    AttributeField("dim", .int, "Width of one vector, where x is [B, F D].", isOptional: true, minimum: 1),
    AttributeField(
      "first_order", .bool, "The last input holds a weight for every feature, from tables of width 1.",
      default: .bool(false)),
    AttributeField(
      "dropout", .double, "Probability of zero after every layer of the deep MLP.", default: .double(0), minimum: 0,
      maximum: 1),
  ]

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let hasFirstOrder = try attributes.bool("first_order", default: false)
    guard inputs.count <= (hasFirstOrder ? 3 : 2), inputs.count >= (hasFirstOrder ? 2 : 1) else {
      throw DMTError(.shapeMismatch, "deepfm got \(inputs.count) inputs, expected x, dense, and first-order weights")
    }
    let dim = attributes["dim"] == nil ? nil : try attributes.int("dim")
    let x = try graph.vectors(inputs[0], dim: dim, owner: "deepfm")
    let dots = try graph.apply("dot_interaction", name: "dots", [:], x)
    let pairs = try graph.apply("reduce_sum", ["axis": .ints([1])], dots)

    var wide = try graph.flattened(x)
    let denseIndex = hasFirstOrder ? (inputs.count == 3 ? 1 : nil) : (inputs.count == 2 ? 1 : nil)
    if let denseIndex { wide = try graph.apply("concat", ["axis": .int(1)], wide, inputs[denseIndex]) }
    let deep = try graph.module(
      "mlp", name: "deep",
      attributes: [
        "widths": .ints(try attributes.ints("widths")), "last_activation": .string("relu"),
        "dropout": .double(try attributes.double("dropout", default: 0)),
      ], inputs: [wide])
    var logit = try graph.apply("add", [:], try graph.logit(deep, name: "head"), pairs)
    if hasFirstOrder, let weights = inputs.last {
      let first = try graph.apply("reduce_sum", ["axis": .ints([1])], weights)
      logit = try graph.apply("add", [:], logit, first)
    }
    return logit
  }
}
