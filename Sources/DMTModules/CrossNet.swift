public import DMTCore

/// `cross_net`: x_{i+1} = x0 * (W x_i + b) + x_i, the cross layers of DCN-v2; [B, N] -> [B, N].
///
/// Parameters `0.weight` `0.bias` .. or, with a rank, `0.v` `0.w` `0.bias` ...
public struct CrossNet: Module {
  public let name = "cross_net"
  public let summary = "cross layers of DCN-v2 after each other: x_{i+1} = cross(x0, x_i)"
  public let attributes: AttributeSchema = [
    AttributeField("layers", .int, "Number of cross layers.", minimum: 0),
    AttributeField("rank", .int, "Rank of each product; 0: full.", default: .int(0), minimum: 0),
  ]

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let rank = try attributes.int("rank", default: 0)
    var value = inputs[0]
    for layer in 0..<(try attributes.int("layers")) {
      value = try graph.apply("cross", name: "\(layer)", ["rank": .int(rank)], inputs[0], value)
    }
    return value
  }
}
