import DMTCore

/// A cross layer of DCN-v2 with a mixture of low-rank experts; [B, N], [B, N] -> [B, N].
///
/// x0 * (sum_e g_e U_e tanh(C_e tanh(V_e x)) + b) + x, g = softmax(G x + a) over the experts. As the g_e add up to 1, b
/// stands outside the sum, and the sum is one product of the weighted hidden vectors side by side.
///
/// Parameters, K experts of rank r: `NAME.v.weight` [K r, N], the V_e below each other; `NAME.c.E.weight` [r, r];
/// `NAME.u.weight` [N, K r], the U_e beside each other, `NAME.u.bias` [N]; `NAME.gate.weight` [K, N], `NAME.gate.bias`.
struct CrossMixture {
  private let experts: Int
  private let rank: Int
  /// Width of all experts' hidden vectors.
  private let width: Int

  /// - Throws: ``DMTError/Code/invalidArgument`` without a rank.
  init(experts: Int, rank: Int) throws(DMTError) {
    let width = Shape([experts, rank]).elementsPerSample
    guard rank >= 1, width < Int.max else {
      throw DMTError(
        .invalidArgument, "cross layers have \(experts) experts of rank \(rank), expected a rank of 1 or more",
        remedy: "state `rank`; an expert's products are of low rank")
    }
    self.experts = experts
    self.rank = rank
    self.width = width
  }

  /// Adds one layer to the graph.
  func expand(
    in graph: any GraphBuilder, x0: GraphValue, x: GraphValue, name: String
  ) throws(DMTError) -> GraphValue {
    let columns = try graph.shape(of: x0).elementsPerSample
    let inner = try graph.apply(
      "linear", name: "\(name).v", ["out": .int(width), "bias": .bool(false), "activation": .string("tanh")], x)
    var hidden: [GraphValue] = []
    for expert in 0..<experts {
      let part = try graph.apply(
        "slice", ["axis": .int(1), "start": .int(expert * rank), "end": .int((expert + 1) * rank)], inner)
      hidden.append(
        try graph.apply(
          "linear", name: "\(name).c.\(expert)",
          ["out": .int(rank), "bias": .bool(false), "activation": .string("tanh")], part))
    }
    let joined = hidden.count == 1 ? hidden[0] : try graph.apply("concat", ["axis": .int(1)], inputs: hidden)

    let scores = try graph.apply("linear", name: "\(name).gate", ["out": .int(experts)], x)
    let gate = try graph.apply("softmax", ["axis": .int(1)], scores)
    let weighted = try graph.apply(
      "mul", [:], try graph.apply("reshape", ["shape": .ints([-1, experts, rank])], joined),
      try graph.apply("reshape", ["shape": .ints([-1, experts, 1])], gate))
    let product = try graph.apply(
      "linear", name: "\(name).u", ["out": .int(columns)],
      try graph.apply("reshape", ["shape": .ints([-1, width])], weighted))
    return try graph.apply("add", [:], try graph.apply("mul", [:], x0, product), x)
  }
}
