/// `dot_interaction`: the dot products of all pairs of vectors; [B, F, D] -> [B, F (F - 1) / 2].
///
/// Strict upper triangle, row by row: (0,1), (0,2), .., (1,2), .. as TorchRec's DLRM.
public struct DotInteractionOperator: Operator {
  public let name = "dot_interaction"
  public let summary = "x_i . x_j for i < j, row by row; [B, F, D] -> [B, F (F - 1) / 2]"
  public let inputNames = ["x"]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    // The bound keeps the number of pairs far from overflow; no machine holds that many vectors a sample.
    guard inputs[0].rank == 3, inputs[0][1] >= 2, inputs[0][1] <= 1 << 20 else {
      throw mismatch(inputs, expected: "[B, F, D] with two to 2^20 vectors")
    }
    let (count, dim) = (inputs[0][1], inputs[0][2])
    // A full F x F product, as it is counted in the paper (papers: DMT table 4).
    return OperatorSignature(
      outputs: [[inputs[0][0], count * (count - 1) / 2]], cost: .ofInputs(Double(count) * Double(count) * Double(dim)),
      backwardReadsInputs: 1)
  }
}

/// `cross`: one cross layer of DCN-v2; x0 (W x + b) + x, or with rank r: x0 (W (V x) + b) + x.
public struct CrossOperator: Operator {
  public let name = "cross"
  public let summary =
    "x0 * (weight x + bias) + x, or x0 * (w (v x) + bias) + x; [B, N]; weight [N, N] or v [r, N], w [N, r]; bias [N]"
  public let inputNames = ["x0", "x"]
  public let attributes: AttributeSchema = [
    AttributeField("rank", .int, "Rank of the product; 0: full.", default: .int(0), minimum: 0)
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    guard inputs[0].rank == 2, inputs[0] == inputs[1] else { throw mismatch(inputs, expected: "two equal [B, N]") }
    let width = inputs[0][1]
    let rank = try attributes.int("rank", default: 0)
    func uniform(_ fanIn: Int) -> Initializer {
      let bound = 1 / Double(fanIn).squareRoot()
      return .uniform(low: -bound, high: bound)
    }
    let bias = ParameterSpec(name: "bias", shape: [width], initializer: uniform(rank == 0 ? width : rank))
    let products: Double
    let parameters: [ParameterSpec]
    if rank == 0 {
      products = Double(width) * Double(width)
      parameters = [ParameterSpec(name: "weight", shape: [width, width], initializer: uniform(width)), bias]
    } else {
      products = 2 * Double(width) * Double(rank)
      parameters = [
        ParameterSpec(name: "v", shape: [rank, width], initializer: uniform(width)),
        ParameterSpec(name: "w", shape: [width, rank], initializer: uniform(rank)), bias,
      ]
    }
    // Element by element: a product and a sum forward, two products and a sum backward.
    let elementwise = Double(width)
    return OperatorSignature(
      outputs: [inputs[0]], parameters: parameters,
      cost: OperatorCost(
        forward: products + elementwise, inputGradient: products + 1.5 * elementwise, parameterGradient: products),
      backwardReadsInputs: 3)
  }
}

/// `fm`: the optimised factorisation machine of Wukong; X (X^T Y), [B, n, d] -> [B, n, k].
public struct FMOperator: Operator {
  public let name = "fm"
  public let summary = "x (x^T y); [B, n, d] -> [B, n, k]; y [n, k]"
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [AttributeField("k", .int, "Columns of y.", minimum: 1)]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    guard inputs[0].rank == 3 else { throw mismatch(inputs, expected: "[B, n, d]") }
    let k = try attributes.int("k")
    let (count, dim) = (inputs[0][1], inputs[0][2])
    let product = Double(count) * Double(dim) * Double(k)
    let bound = 1 / Double(max(count, 1)).squareRoot()
    return OperatorSignature(
      outputs: [[inputs[0][0], count, k]],
      parameters: [ParameterSpec(name: "y", shape: [count, k], initializer: .uniform(low: -bound, high: bound))],
      cost: OperatorCost(forward: 2 * product, inputGradient: 3 * product, parameterGradient: product),
      backwardReadsInputs: 1)
  }
}
