/// `embedding_bag`: the sum or mean of the rows in a bag; jagged (B bags) -> [B, D].
///
/// Its kernels are an ``EmbeddingBackend``'s, for all tables of a rank at once; the schema is here for the graph's
/// shapes, parameters and cost.
public struct EmbeddingBagOperator: Operator {
  public let name = "embedding_bag"
  public let summary = "sum or mean of the rows in a bag, zeros for an empty one; jagged -> [B, D]; weight [rows, D]"
  public let inputNames = ["indices"]
  public let attributes: AttributeSchema = [
    AttributeField("rows", .int, "Rows of the table.", minimum: 1),
    AttributeField("dim", .int, "Width of a row.", minimum: 1),
    AttributeField(
      "pooling", .string, "What the rows of a bag become.", default: .string("sum"), choices: ["sum", "mean"]),
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    let rows = try attributes.int("rows")
    let dim = try attributes.int("dim")
    guard let batch = inputs[0].dims.first else { throw mismatch(inputs, expected: "[B], the bags") }
    return OperatorSignature(
      outputs: [[batch, dim]],
      parameters: [
        ParameterSpec(name: "weight", shape: [rows, dim], initializer: .normal(mean: 0, deviation: 0.01))
      ])
  }
}
