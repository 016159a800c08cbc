public import DMTCore

/// `dlrm`: bottom MLP, dots of all pairs of vectors, top MLP; the over-arch of DLRM.
///
/// Inputs: x [B, F, D] or [B, F D], and optionally dense [B, n]. The bottom's last width is D; its result is the first
/// of the vectors. Without dense features the bottom is one learned vector: a linear layer on the constant 1. The top
/// reads the bottom's result, with `cat` the vectors of x, and the dots; a last layer gives the logit [B].
/// Parameters `bottom.0.weight` .., `top.0.weight` ... Source: Naumov et al., arXiv 1906.00091.
public struct DLRM: Module {
  public let name = "dlrm"
  public let summary = "bottom MLP on the dense features, dots of all pairs of vectors, top MLP to one logit"
  public let maximumInputs: Int? = 2
  public let attributes: AttributeSchema = [
    AttributeField(
      "bottom", .ints, "Widths of the bottom MLP, relu after each; the last is D. Ignored without dense features.",
      default: .ints([]), minimum: 1),
    AttributeField("top", .ints, "Hidden widths of the top MLP, relu after each.", minimum: 1),
    AttributeField("cat", .bool, "Give the top the vectors beside their dots.", default: .bool(false)),
    AttributeField("dim", .int, "Width of one vector, where x is [B, F D].", isOptional: true, minimum: 1),
    AttributeField(
      "dropout", .double, "Probability of zero after every hidden layer of the top.", default: .double(0), minimum: 0,
      maximum: 1),
  ]

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let bottom = try attributes.ints("bottom", default: [])
    let top = try attributes.ints("top")
    let hasDense = inputs.count == 2
    let stated = attributes["dim"] == nil ? nil : try attributes.int("dim")
    let x = try graph.vectors(inputs[0], dim: stated ?? (hasDense ? bottom.last : nil), owner: "dlrm")
    let dim = try graph.shape(of: x)[2]

    let dense: GraphValue
    if hasDense {
      guard bottom.last == dim else {
        throw DMTError(
          .shapeMismatch,
          "dlrm: the bottom MLP \(bottom) ends in \(bottom.last.map(String.init) ?? "nothing"), "
            + "the vectors are \(dim) wide", remedy: "let `bottom` end in \(dim)")
      }
      dense = try graph.module(
        "mlp", name: "bottom", attributes: ["widths": .ints(bottom), "last_activation": .string("relu")],
        inputs: [inputs[1]])
    } else {
      let one = try graph.constant(1, columns: 1)
      // As small as an embedding: with PyTorch's default for a layer of one input, the vector drowns the others' dots.
      dense = try graph.apply(
        "linear", name: "bottom.0", ["out": .int(dim), "bias": .bool(false), "weight_deviation": .double(0.1)], one)
    }

    let first = try graph.apply("reshape", ["shape": .ints([-1, 1, dim])], dense)
    let stacked = try graph.apply("concat", ["axis": .int(1)], first, x)
    let dots = try graph.apply("dot_interaction", name: "dots", [:], stacked)
    var parts = [dense]
    if try attributes.bool("cat", default: false) { parts.append(try graph.flattened(x)) }
    parts.append(dots)
    let joined = try graph.apply("concat", ["axis": .int(1)], inputs: parts)
    let hidden = try graph.module(
      "mlp", name: "top",
      attributes: [
        "widths": .ints(top), "last_activation": .string("relu"),
        "dropout": .double(try attributes.double("dropout", default: 0)),
      ], inputs: [joined])
    return try graph.logit(hidden, name: "top.\(top.count)")
  }
}
