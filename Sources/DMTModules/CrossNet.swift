public import DMTCore

/// `cross_net`: x_{i+1} = x0 * (W x_i + b) + x_i, the cross layers of DCN-v2; [B, N] -> [B, N].
///
/// Parameters `0.weight` `0.bias` .. or, with a rank, `0.v` `0.w` `0.bias` ... With experts every layer is a
/// ``CrossMixture`` and has its parameters. Source: Wang et al., arXiv 2008.13535.
public struct CrossNet: Module {
  public let name = "cross_net"
  public let summary =
    "cross layers of DCN-v2 after each other: x_{i+1} = cross(x0, x_i), or a gated mixture of low-rank experts"
  public let attributes: AttributeSchema = [
    AttributeField("layers", .int, "Number of cross layers.", minimum: 0),
    AttributeField("rank", .int, "Rank of each product; 0: full.", default: .int(0), minimum: 0),
    AttributeField(
      "experts", .int, "Low-rank experts of each layer, mixed by a gate; 0: one product, no gate.", default: .int(0),
      minimum: 0, maximum: 1024),
  ]

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let rank = try attributes.int("rank", default: 0)
    let experts = try attributes.int("experts", default: 0)
    let mixture = experts == 0 ? nil : try CrossMixture(experts: experts, rank: rank)
    var value = inputs[0]
    for layer in 0..<(try attributes.int("layers")) {
      if let mixture {
        value = try mixture.expand(in: graph, x0: inputs[0], x: value, name: "\(layer)")
      } else {
        value = try graph.apply("cross", name: "\(layer)", ["rank": .int(rank)], inputs[0], value)
      }
    }
    return value
  }
}
