/// `reduce_sum`, `reduce_mean`: over one or more axes of a sample.
public struct ReduceOperator: Operator {
  public let name: String
  public let summary: String
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [
    AttributeField("axis", .ints, "The axes that go; not the batch."),
    AttributeField("keepdims", .bool, "Leave them as extents of 1.", default: .bool(false)),
  ]

  public init(name: String, formula: String) {
    self.name = name
    self.summary = formula
  }

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    var axes: Set<Int> = []
    for axis in try attributes.ints("axis") {
      axes.insert(try normalised(axis: axis, rank: inputs[0].rank))
    }
    guard !axes.isEmpty, !axes.contains(0) else { throw mismatch(inputs, expected: "axes behind the batch") }
    let keep = try attributes.bool("keepdims", default: false)
    let dims = inputs[0].dims.enumerated().compactMap { index, extent -> Int? in
      axes.contains(index) ? (keep ? 1 : nil) : extent
    }
    return OperatorSignature(outputs: [Shape(dims)])
  }
}
