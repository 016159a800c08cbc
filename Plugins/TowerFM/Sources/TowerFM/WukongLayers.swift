import DMTPluginKit

/// Wukong's interaction layers: X_{i+1} = LN(concat(FMB(X_i), LCB(X_i)) + residual(X_i)); [B, n, d] -> [B, n_F + n_L, d].
///
/// FMB(X) = n_F vectors from MLP(LN(flatten(FM(X)))), relu after every layer of the MLP; FM(X) = X (X^T Y), Y [n, k].
/// LCB(X) = W X, W [n_L, n]. The residual is X where n = n_F + n_L, and W_r X otherwise. LN of a layer's result is over d.
/// Y is a parameter, or attentive: the MLP of X compressed to `attentive` vectors, reshaped to [n, k].
///
/// Parameters of layer 0: `0.fmb.y`, or `0.fmb.compress.weight` `0.fmb.y.0.weight` `0.fmb.y.0.bias` ..;
/// `0.fmb.norm.weight` `0.fmb.norm.bias`, `0.fmb.mlp.0.weight` `0.fmb.mlp.0.bias` .., `0.lcb.weight`, `0.residual.weight`,
/// `0.norm.weight` `0.norm.bias`.
struct WukongLayers {
  static let fields: [AttributeField] = [
    AttributeField("layers", .int, "Number of layers.", default: .int(1), minimum: 1, maximum: 1024),
    AttributeField("k", .int, "Columns of Y: the rank of the factorisation machine.", minimum: 1, maximum: 65_536),
    AttributeField(
      "fm_features", .int, "Vectors n_F from the factorisation machine block; 0: no such block.", minimum: 0,
      maximum: 65_536),
    AttributeField(
      "lc_features", .int, "Vectors n_L from the linear compression block; 0: no such block.", minimum: 0,
      maximum: 65_536),
    AttributeField(
      "mlp", .ints, "Hidden widths of the MLP behind each factorisation machine; a layer to n_F d follows.",
      default: .ints([]), minimum: 1),
    AttributeField(
      "attentive", .int, "Vectors to which X is compressed for an attentive Y; 0: Y is a parameter.", default: .int(0),
      minimum: 0, maximum: 65_536),
    AttributeField(
      "attentive_mlp", .ints, "Hidden widths of the MLP that makes an attentive Y, relu after each.",
      default: .ints([]), minimum: 1),
  ]

  private let layers: Int
  private let rank: Int
  private let fmFeatures: Int
  private let lcFeatures: Int
  private let mlp: [Int]
  private let attentive: Int
  private let attentiveMLP: [Int]

  /// - Throws: ``DMTError/Code/invalidArgument`` when no vector would leave a layer.
  init(_ attributes: Attributes, owner: String) throws(DMTError) {
    layers = try attributes.int("layers", default: 1)
    rank = try attributes.int("k")
    fmFeatures = try attributes.int("fm_features")
    lcFeatures = try attributes.int("lc_features")
    mlp = try attributes.ints("mlp", default: [])
    attentive = try attributes.int("attentive", default: 0)
    attentiveMLP = try attributes.ints("attentive_mlp", default: [])
    guard fmFeatures + lcFeatures > 0 else {
      throw DMTError(
        .invalidArgument, "\(owner) has fm_features = 0 and lc_features = 0: nothing would leave a layer",
        remedy: "let one of them be 1 or more")
    }
    guard attentive > 0 || attentiveMLP.isEmpty else {
      throw DMTError(
        .invalidArgument, "\(owner) has attentive_mlp \(attentiveMLP), but attentive = 0: Y is a parameter",
        remedy: "state `attentive`, the vectors from which Y is made, or leave `attentive_mlp` out")
    }
  }

  /// Adds the layers; [B, n, d] -> [B, n_F + n_L, d].
  func expand(in graph: any GraphBuilder, _ x: GraphValue) throws(DMTError) -> GraphValue {
    var value = x
    for layer in 0..<layers { value = try expand(layer: "\(layer)", in: graph, value) }
    return value
  }

  private func expand(layer: String, in graph: any GraphBuilder, _ x: GraphValue) throws(DMTError) -> GraphValue {
    let count = try graph.shape(of: x)[1]
    var blocks: [GraphValue] = []
    if fmFeatures > 0 { blocks.append(try factorisationBlock(in: graph, x, name: "\(layer).fmb")) }
    if lcFeatures > 0 { blocks.append(try graph.mixedVectors(x, to: lcFeatures, name: "\(layer).lcb")) }
    let joined = blocks.count == 1 ? blocks[0] : try graph.apply("concat", ["axis": .int(1)], inputs: blocks)
    let width = fmFeatures + lcFeatures
    let residual = count == width ? x : try graph.mixedVectors(x, to: width, name: "\(layer).residual")
    return try graph.apply("layer_norm", name: "\(layer).norm", [:], try graph.apply("add", [:], joined, residual))
  }

  /// FMB: [B, n, d] -> [B, n_F, d].
  private func factorisationBlock(
    in graph: any GraphBuilder, _ x: GraphValue, name: String
  ) throws(DMTError) -> GraphValue {
    let shape = try graph.shape(of: x)
    let products = try graph.flattened(try factorisation(in: graph, x, name: name))
    let normed = try graph.apply("layer_norm", name: "\(name).norm", [:], products)
    let width = Shape([fmFeatures, shape[2]]).elementsPerSample
    let mapped = try graph.module(
      "mlp", name: "\(name).mlp", attributes: ["widths": .ints(mlp + [width]), "last_activation": .string("relu")],
      inputs: [normed])
    return try graph.apply("reshape", ["shape": .ints([-1, fmFeatures, shape[2]])], mapped)
  }

  /// FM: X (X^T Y), [B, n, d] -> [B, n, k].
  private func factorisation(
    in graph: any GraphBuilder, _ x: GraphValue, name: String
  ) throws(DMTError) -> GraphValue {
    guard attentive > 0 else { return try graph.apply("fm", name: name, ["k": .int(rank)], x) }
    let count = try graph.shape(of: x)[1]
    let compressed = try graph.mixedVectors(x, to: attentive, name: "\(name).compress")
    let made = try graph.module(
      "mlp", name: "\(name).y",
      attributes: ["widths": .ints(attentiveMLP + [Shape([count, rank]).elementsPerSample])],
      inputs: [try graph.flattened(compressed)])
    let y = try graph.apply("reshape", ["shape": .ints([-1, count, rank])], made)
    let inner = try graph.apply("matmul", ["transpose_a": .bool(true)], x, y)
    return try graph.apply("matmul", [:], x, inner)
  }
}
