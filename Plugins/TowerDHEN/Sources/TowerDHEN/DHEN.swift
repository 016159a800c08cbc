import DMTPluginKit

/// `dhen`: stacked ensembles of different interactions, then an MLP; an over-arch.
///
/// Inputs: x [B, F, d] or [B, F d], and optionally dense [B, m], which an MLP maps to d and which joins the vectors as the
/// first. Result: the logit [B]. Parameters those of ``DHENLayers``, `bottom.0.weight` .., `top.0.weight` ...
/// Source: Zhang et al., arXiv 2203.11014.
public struct DHEN: Module {
  public let name = "dhen"
  public let summary =
    "layers LN(ensemble of dot, fm, attention, cross, linear, mlp parts of X + shortcut(X)); MLP to one logit"
  public let maximumInputs: Int? = 2
  public let attributes = AttributeSchema(DHENLayers.fields + VectorOverArch.fields)

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let layers = try DHENLayers(attributes, owner: name)
    let x = try VectorOverArch.vectors(in: graph, attributes: attributes, inputs: inputs, owner: name)
    return try VectorOverArch.logit(in: graph, attributes: attributes, vectors: try layers.expand(in: graph, x))
  }
}
