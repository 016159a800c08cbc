import DMTPluginKit

/// `tower.dcn`: compresses a tower with cross layers and one linear layer; [B, F, N] -> [B, out].
///
/// Linear(cross_net(flat)). A tower of one feature that is already `out` wide has no Linear and keeps its cross layers,
/// as the published FLOP counts show. Source: DMT, arXiv 2403.00877, section 3.2, listing 2.
public struct TowerDCN: Module {
  public let name = "tower.dcn"
  public let summary = "Linear(cross_net(flat)) of the tower; [B, F, N] -> [B, out]"
  public let attributes: AttributeSchema = [
    AttributeField("layers", .int, "Number of cross layers.", default: .int(1), minimum: 0),
    AttributeField("rank", .int, "Rank of each cross product; 0: full.", default: .int(0), minimum: 0),
    AttributeField("out", .int, "Width of the result.", minimum: 1),
  ]

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let shape = try graph.shape(of: inputs[0])
    let width = shape.elementsPerSample
    let flat = shape.rank == 2 ? inputs[0] : try graph.apply("reshape", ["shape": .ints([-1, width])], inputs[0])
    let crossed = try graph.module(
      "cross_net", name: "cross",
      attributes: [
        "layers": .int(try attributes.int("layers", default: 1)), "rank": .int(try attributes.int("rank", default: 0)),
      ], inputs: [flat])
    let out = try attributes.int("out")
    let isSingle = shape.rank == 3 && shape[1] == 1
    if isSingle, out == width { return crossed }
    return try graph.apply("linear", name: "out", ["out": .int(out)], crossed)
  }
}
