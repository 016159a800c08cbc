import DMTPluginKit

/// `tower.linear`: compresses a tower with linear layers; [B, F, N] -> [B, D (p + c F)].
///
/// concat(Linear(F N -> p D)(flat), one Linear(N -> c D) applied to every feature, flat). A tower of one feature whose
/// result would be as wide as its input has no layer and passes through, as the published FLOP counts show.
/// Source: DMT, arXiv 2403.00877, section 3.2, listing 1.
public struct TowerLinear: Module {
  public let name = "tower.linear"
  public let summary =
    "Linear(F N -> p D) of the whole tower beside Linear(N -> c D) of every feature; [B, D (p + c F)]"
  public let attributes: AttributeSchema = [
    AttributeField(
      "c", .int, "Vectors of width `dim` for every feature.", default: .int(1), minimum: 0, maximum: 65_536),
    AttributeField(
      "p", .int, "Vectors of width `dim` for the whole tower.", default: .int(0), minimum: 0, maximum: 65_536),
    AttributeField("dim", .int, "Width D of each vector.", minimum: 1),
  ]

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let shape = try graph.shape(of: inputs[0])
    guard shape.rank == 3 else {
      throw DMTError(
        .shapeMismatch, "tower.linear got \(shape), expected [B, F, N], features of one width",
        remedy: "give all features of the tower the same `dim`")
    }
    let (features, width) = (shape[1], shape[2])
    let (c, p, dim) = (
      try attributes.int("c", default: 1), try attributes.int("p", default: 0), try attributes.int("dim")
    )
    guard c + p > 0 else {
      throw DMTError(.invalidArgument, "tower.linear has c = 0 and p = 0: nothing would leave the tower")
    }
    // Products that saturate: sizes from a manifest never trap.
    func product(_ factors: Int...) -> Int { Shape(factors).elementsPerSample }
    let flat = try graph.flattened(inputs[0])
    if features == 1, product(dim, p + c) == width { return flat }

    var parts: [GraphValue] = []
    if p > 0 { parts.append(try graph.apply("linear", name: "combine", ["out": .int(product(p, dim))], flat)) }
    if c > 0 {
      let projected = try graph.apply("linear", name: "project", ["out": .int(product(c, dim))], inputs[0])
      parts.append(try graph.apply("reshape", ["shape": .ints([-1, product(features, c, dim)])], projected))
    }
    return parts.count == 1 ? parts[0] : try graph.apply("concat", ["axis": .int(1)], inputs: parts)
  }
}
