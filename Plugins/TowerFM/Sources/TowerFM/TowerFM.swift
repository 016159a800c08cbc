import DMTPluginKit

/// `tower.fm`: compresses a tower with Wukong's layers and one linear layer; [B, F, N] -> [B, out].
///
/// Parameters those of ``WukongLayers``, `out.weight`, `out.bias`. A tower of one feature that is already `out` wide
/// passes through. Sources: DMT, arXiv 2403.00877, section 3.2; Wukong, arXiv 2403.02545.
public struct TowerFM: Module {
  public let name = "tower.fm"
  public let summary = "Linear(flat of Wukong's layers) of the tower; [B, F, N] -> [B, out]"
  public let attributes = AttributeSchema(WukongLayers.fields + VectorTower.fields)

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let layers = try WukongLayers(attributes, owner: name)
    return try VectorTower.expand(in: graph, attributes: attributes, input: inputs[0], owner: name) {
      x throws(DMTError) in try layers.expand(in: graph, x)
    }
  }
}
