public import DMTCore

/// `dcn`: cross layers and a deep MLP, after each other or side by side; the over-arch of DCN-v2.
///
/// Inputs: x [B, F, D] or [B, N], and optionally dense [B, n], which stands behind x as it is or, with `bottom`, as the
/// result of an MLP. Stacked: head(deep(cross(x))); parallel: head(concat(cross(x), deep(x))). Result: the logit [B].
/// Parameters `bottom.0.weight` .., `cross.0.weight` .. (those of ``CrossNet``), `deep.0.weight` .., `head.weight`,
/// `head.bias`. Source: Wang et al., arXiv 2008.13535.
public struct DCN: Module {
  public let name = "dcn"
  public let summary = "cross layers and a deep MLP, stacked or in parallel, to one logit"
  public let maximumInputs: Int? = 2
  public let attributes: AttributeSchema = [
    AttributeField("layers", .int, "Number of cross layers.", minimum: 0),
    AttributeField("rank", .int, "Rank of each cross product; 0: full.", default: .int(0), minimum: 0),
    AttributeField(
      "experts", .int, "Low-rank experts of each cross layer, mixed by a gate; 0: one product, no gate.",
      default: .int(0), minimum: 0, maximum: 1024),
    AttributeField(
      "form", .string, "The deep MLP behind the cross layers or beside them.", default: .string("stacked"),
      choices: ["stacked", "parallel"]),
    AttributeField(
      "bottom", .ints, "Widths of an MLP on the dense features, relu after each; none: they are used as they are.",
      default: .ints([]), minimum: 1),
    AttributeField("widths", .ints, "Widths of the deep MLP, relu after each.", minimum: 1),
    AttributeField(
      "dropout", .double, "Probability of zero after every layer of the deep MLP.", default: .double(0), minimum: 0,
      maximum: 1),
  ]

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    var x = try graph.flattened(inputs[0])
    if inputs.count == 2 {
      let dense = try graph.module(
        "mlp", name: "bottom",
        attributes: [
          "widths": .ints(try attributes.ints("bottom", default: [])), "last_activation": .string("relu"),
        ], inputs: [inputs[1]])
      x = try graph.apply("concat", ["axis": .int(1)], x, dense)
    }
    let cross = try graph.module(
      "cross_net", name: "cross",
      attributes: [
        "layers": .int(try attributes.int("layers")), "rank": .int(try attributes.int("rank", default: 0)),
        "experts": .int(try attributes.int("experts", default: 0)),
      ], inputs: [x])
    let isParallel = try attributes.string("form", default: "stacked") == "parallel"
    let deep = try graph.module(
      "mlp", name: "deep",
      attributes: [
        "widths": .ints(try attributes.ints("widths")), "last_activation": .string("relu"),
        "dropout": .double(try attributes.double("dropout", default: 0)),
      ], inputs: [isParallel ? x : cross])
    let joined = isParallel ? try graph.apply("concat", ["axis": .int(1)], cross, deep) : deep
    return try graph.logit(joined, name: "head")
  }
}
