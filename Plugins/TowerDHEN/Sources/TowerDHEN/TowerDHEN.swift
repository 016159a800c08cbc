import DMTPluginKit

/// `tower.dhen`: compresses a tower with DHEN's layers and one linear layer; [B, F, N] -> [B, out].
///
/// Parameters those of ``DHENLayers``, `out.weight`, `out.bias`. A tower of one feature that is already `out` wide passes
/// through. Sources: DMT, arXiv 2403.00877, section 3.2; DHEN, arXiv 2203.11014.
public struct TowerDHEN: Module {
  public let name = "tower.dhen"
  public let summary = "Linear(flat of DHEN's layers) of the tower; [B, F, N] -> [B, out]"
  public let attributes = AttributeSchema(DHENLayers.fields + VectorTower.fields)

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let layers = try DHENLayers(attributes, owner: name)
    return try VectorTower.expand(in: graph, attributes: attributes, input: inputs[0], owner: name) {
      x throws(DMTError) in try layers.expand(in: graph, x)
    }
  }
}
