/// The operators of opset 1: what every build knows without a plugin.
public enum Opset {
  /// All of them, by name in the order of the operator reference.
  public static let operators: [any Operator] = [
    LinearOperator(), MatmulOperator(),
    BroadcastOperator(name: "add", sign: "+"), BroadcastOperator(name: "sub", sign: "-"),
    BroadcastOperator(name: "mul", sign: "*", readsInputs: true),
    ScaleOperator(), ConcatOperator(), SliceOperator(), ReshapeOperator(), TransposeOperator(),
    ReduceOperator(name: "reduce_sum", formula: "sum of x over the axes"),
    ReduceOperator(name: "reduce_mean", formula: "mean of x over the axes"),
    SoftmaxOperator(),
    ActivationOperator(name: "relu", formula: "max(x, 0), gradient 0 at 0"),
    ActivationOperator(name: "sigmoid", formula: "1 / (1 + exp(-x))"),
    ActivationOperator(name: "tanh", formula: "tanh(x)"),
    ActivationOperator(name: "gelu", formula: "x (1 + erf(x / sqrt 2)) / 2", backwardReadsOutput: false),
    LayerNormOperator(), DropoutOperator(), EmbeddingBagOperator(), DotInteractionOperator(), CrossOperator(),
    FMOperator(), BCEWithLogitsOperator(),
  ]

  /// The operator of that name.
  public static func named(_ name: String) -> (any Operator)? { byName[name] }

  private static let byName = Dictionary(uniqueKeysWithValues: operators.map { ($0.name, $0) })
}

extension Operator {
  /// An error that says which shapes the operator got and which it expects.
  func mismatch(_ inputs: [Shape], expected: String) -> DMTError {
    DMTError(
      .shapeMismatch,
      "operator \(name) got \(inputs.map(\.description).joined(separator: " and ")), expected \(expected)")
  }

  /// `axis` counted from 0, where negative ones count from the end.
  func normalised(axis: Int, rank: Int) throws(DMTError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw DMTError(.shapeMismatch, "operator \(name): axis \(axis) of a tensor with \(rank) axes")
    }
    return axis < 0 ? axis + rank : axis
  }
}
