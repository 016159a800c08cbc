/// `matmul`: a product of two matrices a sample; [B, M, K] x [B, K, N] -> [B, M, N].
public struct MatmulOperator: Operator {
  public let name = "matmul"
  public let summary = "a b for every sample; [B, M, K] x [B, K, N] -> [B, M, N]"
  public let inputNames = ["a", "b"]
  public let attributes: AttributeSchema = [
    AttributeField("transpose_a", .bool, "a is [B, K, M].", default: .bool(false)),
    AttributeField("transpose_b", .bool, "b is [B, N, K].", default: .bool(false)),
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    guard inputs[0].rank == 3, inputs[1].rank == 3, inputs[0][0] == inputs[1][0] else {
      throw mismatch(inputs, expected: "two tensors of three axes with the same first one")
    }
    let transposeA = try attributes.bool("transpose_a", default: false)
    let transposeB = try attributes.bool("transpose_b", default: false)
    let (m, k) = transposeA ? (inputs[0][2], inputs[0][1]) : (inputs[0][1], inputs[0][2])
    let (inner, n) = transposeB ? (inputs[1][2], inputs[1][1]) : (inputs[1][1], inputs[1][2])
    guard k == inner else { throw mismatch(inputs, expected: "equal inner extents, found \(k) and \(inner)") }
    return OperatorSignature(
      outputs: [[inputs[0][0], m, n]], cost: .ofInputs(Double(m) * Double(k) * Double(n)), backwardReadsInputs: 3)
  }
}
