/// `scale`: out = factor x.
public struct ScaleOperator: Operator {
  public let name = "scale"
  public let summary = "factor x"
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [AttributeField("factor", .double, "What x is multiplied by.")]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    OperatorSignature(outputs: [inputs[0]])
  }
}
