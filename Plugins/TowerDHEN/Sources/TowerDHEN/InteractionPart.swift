import DMTPluginKit

/// One interaction of a DHEN layer; [B, n, d] -> [B, l, d], l = `vectors`.
///
/// * `dot`: Linear(n (n - 1) / 2 -> l d) of the dots of all pairs. `weight`, `bias`.
/// * `fm`: Linear(n k -> l d) of X (X^T Y). `y`, `out.weight`, `out.bias`.
/// * `attention`: PyTorch's MultiheadAttention of X with itself. `in_proj.weight` [3 d, d] `in_proj.bias`,
///   `out_proj.weight` [d, d] `out_proj.bias`; `mix.weight` [l, n] where n differs from l.
/// * `cross`: x (W x + b) of the flattened x, without the cross layer's own skip, which the shortcut replaces. `weight`
///   [n d, n d] `bias`, or with a rank r `v.weight` [r, n d], `w.weight` [n d, r] `w.bias`; `mix.weight` as above.
/// * `linear`: W X. `weight` [l, n].
/// * `mlp`: an MLP of the flattened x. `0.weight` `0.bias` ..
enum InteractionPart: String, CaseIterable {
  case dot, fm, attention, cross, linear, mlp

  /// What the parts are told by the module's attributes.
  struct Options {
    /// The module, for messages.
    var owner: String
    var vectors: Int
    var rankOfFM: Int
    var heads: Int
    var rankOfCross: Int
    var mlp: [Int]
  }

  /// Adds the part's nodes, their parameters named `NAME...`.
  func expand(
    in graph: any GraphBuilder, _ x: GraphValue, name: String, options: Options
  ) throws(DMTError) -> GraphValue {
    let dim = try graph.shape(of: x)[2]
    let width = Shape([options.vectors, dim]).elementsPerSample
    func cut(_ flat: GraphValue) throws(DMTError) -> GraphValue {
      try graph.apply("reshape", ["shape": .ints([-1, options.vectors, dim])], flat)
    }
    switch self {
    case .dot:
      let dots = try graph.apply("dot_interaction", name: "\(name).pairs", [:], x)
      return try cut(try graph.apply("linear", name: name, ["out": .int(width)], dots))
    case .fm:
      let products = try graph.apply("fm", name: name, ["k": .int(options.rankOfFM)], x)
      let flat = try graph.flattened(products)
      return try cut(try graph.apply("linear", name: "\(name).out", ["out": .int(width)], flat))
    case .attention:
      return try mixed(try attention(in: graph, x, name: name, options: options), in: graph, name, options)
    case .cross:
      return try mixed(try cross(in: graph, x, name: name, rank: options.rankOfCross), in: graph, name, options)
    case .linear:
      return try graph.mixedVectors(x, to: options.vectors, name: name)
    case .mlp:
      let flat = try graph.flattened(x)
      return try cut(
        try graph.module("mlp", name: name, attributes: ["widths": .ints(options.mlp + [width])], inputs: [flat]))
    }
  }

  /// The vectors as l vectors: themselves where they are l.
  private func mixed(
    _ value: GraphValue, in graph: any GraphBuilder, _ name: String, _ options: Options
  ) throws(DMTError) -> GraphValue {
    if try graph.shape(of: value)[1] == options.vectors { return value }
    return try graph.mixedVectors(value, to: options.vectors, name: "\(name).mix")
  }

  /// Softmax(Q K^T / sqrt(d / heads)) V of every head, side by side, and one linear layer; [B, n, d] -> [B, n, d].
  private func attention(
    in graph: any GraphBuilder, _ x: GraphValue, name: String, options: Options
  ) throws(DMTError) -> GraphValue {
    let dim = try graph.shape(of: x)[2]
    let width = Shape([3, dim]).elementsPerSample
    guard dim % options.heads == 0, width < Int.max else {
      throw DMTError(
        .shapeMismatch, "\(options.owner): part `attention` has vectors of \(dim) and \(options.heads) heads",
        remedy: "let `heads` divide \(dim)")
    }
    let headDim = dim / options.heads
    let projected = try graph.apply("linear", name: "\(name).in_proj", ["out": .int(width)], x)
    // The batch stays first and matmul has one batch axis: heads are slices of the last axis, not an axis of their own.
    func head(_ index: Int, of block: Int) throws(DMTError) -> GraphValue {
      let start = block * dim + index * headDim
      return try graph.apply(
        "slice", ["axis": .int(2), "start": .int(start), "end": .int(start + headDim)], projected)
    }
    var heads: [GraphValue] = []
    for index in 0..<options.heads {
      let query = try graph.apply(
        "scale", ["factor": .double(1 / Double(headDim).squareRoot())], try head(index, of: 0))
      let scores = try graph.apply("matmul", ["transpose_b": .bool(true)], query, try head(index, of: 1))
      let weights = try graph.apply("softmax", ["axis": .int(2)], scores)
      heads.append(try graph.apply("matmul", [:], weights, try head(index, of: 2)))
    }
    let joined = heads.count == 1 ? heads[0] : try graph.apply("concat", ["axis": .int(2)], inputs: heads)
    return try graph.apply("linear", name: "\(name).out_proj", ["out": .int(dim)], joined)
  }

  /// x (W x + b), element by element on the flattened x; [B, n, d] -> [B, n, d].
  private func cross(
    in graph: any GraphBuilder, _ x: GraphValue, name: String, rank: Int
  ) throws(DMTError) -> GraphValue {
    let shape = try graph.shape(of: x)
    let flat = try graph.flattened(x)
    let width = shape.elementsPerSample
    let product: GraphValue
    if rank == 0 {
      product = try graph.apply("linear", name: name, ["out": .int(width)], flat)
    } else {
      let low = try graph.apply("linear", name: "\(name).v", ["out": .int(rank), "bias": .bool(false)], flat)
      product = try graph.apply("linear", name: "\(name).w", ["out": .int(width)], low)
    }
    let crossed = try graph.apply("mul", [:], flat, product)
    return try graph.apply("reshape", ["shape": .ints([-1, shape[1], shape[2]])], crossed)
  }
}
