/// `bce_with_logits`: the mean binary cross-entropy of logits; [B], [B] -> scalar.
///
/// max(z, 0) - z y + log(1 + exp(-|z|)), averaged; 0 for an empty batch. Labels have no gradient.
public struct BCEWithLogitsOperator: Operator {
  public let name = "bce_with_logits"
  public let summary = "mean of -y log p - (1 - y) log(1 - p) with p = sigmoid(logit); [B], [B] -> scalar"
  public let inputNames = ["logits", "labels"]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    guard inputs[0].rank == 1, inputs[0] == inputs[1] else { throw mismatch(inputs, expected: "two equal [B]") }
    return OperatorSignature(outputs: [[]], backwardReadsInputs: 3)
  }
}
