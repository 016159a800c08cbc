import DMTPluginKit

/// `wukong`: stacked layers of factorisation machines and linear compression, then an MLP; an over-arch.
///
/// Inputs: x [B, F, d] or [B, F d], and optionally dense [B, m], which an MLP maps to d and which joins the vectors as the
/// first. Result: the logit [B]. Parameters those of ``WukongLayers``, `bottom.0.weight` .., `top.0.weight` ...
/// Source: Zhang et al., arXiv 2403.02545.
public struct Wukong: Module {
  public let name = "wukong"
  public let summary =
    "layers LN(concat(FMB(X), LCB(X)) + residual(X)), FMB an MLP on a factorisation machine, LCB = W X; MLP to one logit"
  public let maximumInputs: Int? = 2
  public let attributes = AttributeSchema(WukongLayers.fields + VectorOverArch.fields)

  public init() {}

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let layers = try WukongLayers(attributes, owner: name)
    let x = try VectorOverArch.vectors(in: graph, attributes: attributes, inputs: inputs, owner: name)
    return try VectorOverArch.logit(in: graph, attributes: attributes, vectors: try layers.expand(in: graph, x))
  }
}
