internal import DMTCore

/// What a backend is tried with: every operator of the opset at shapes like those of Tests/Cases.
enum OpsetCases {
  /// Attributes and open shapes of one trial.
  struct Case {
    var op: String
    var attributes: Attributes
    var inputs: [Shape]
    var constants: Set<Int> = []
    /// Samples where the shape matters to how the work is cut.
    var batch = 5

    init(_ op: String, _ attributes: Attributes = [:], _ inputs: [[Int]], constants: Set<Int> = [], batch: Int = 5) {
      self.op = op
      self.attributes = attributes
      self.inputs = inputs.map { Shape($0) }
      self.constants = constants
      self.batch = batch
    }
  }

  private static let b = Shape.batch

  /// The first case of an operator is its smallest.
  static let all: [Case] = [linears, layers, products, broadcasts, activations, factors, layout, normalising, losses]
    .flatMap { $0 }

  private static let linears: [Case] = ["none", "relu", "sigmoid", "tanh", "gelu"].map { (name: String) -> Case in
    Case("linear", ["out": .int(5), "activation": .string(name)], [[b, 7]])
  }

  private static let layers: [Case] = [
    Case("linear", ["out": .int(16), "bias": .bool(false)], [[b, 3, 16]]),
    Case("linear", ["out": .int(33), "activation": .string("relu")], [[b, 129]], batch: 64),
  ]

  private static let products: [Case] = [
    Case("matmul", [:], [[b, 3, 5], [b, 5, 4]]),
    Case("matmul", ["transpose_a": .bool(true)], [[b, 5, 3], [b, 5, 4]]),
    Case("matmul", ["transpose_b": .bool(true)], [[b, 16, 16], [b, 16, 16]], batch: 33),
    Case("dot_interaction", [:], [[b, 3, 8]]),
    Case("dot_interaction", [:], [[b, 9, 16]], batch: 64),
    Case("cross", [:], [[b, 7], [b, 7]]),
    Case("cross", ["rank": .int(3)], [[b, 13], [b, 13]]),
    Case("cross", ["rank": .int(8)], [[b, 32], [b, 32]], batch: 64),
    Case("fm", ["k": .int(2)], [[b, 3, 5]]),
    Case("fm", ["k": .int(8)], [[b, 9, 16]], batch: 64),
  ]

  private static let broadcasts: [Case] = ["add", "sub", "mul"].flatMap { (name: String) -> [Case] in
    [
      Case(name, [:], [[b, 7], [b, 7]]), Case(name, [:], [[b, 3, 13], [13]]), Case(name, [:], [[b, 7], [b, 1]]),
      Case(name, [:], [[b, 64], [b, 64]], batch: 64),
    ]
  }

  private static let activations: [Case] = ["relu", "sigmoid", "tanh", "gelu"].flatMap { (name: String) -> [Case] in
    [Case(name, [:], [[b, 7]]), Case(name, [:], [[b, 3, 129]], batch: 64)]
  }

  private static let factors: [Case] = [
    Case("scale", ["factor": .double(-1.7)], [[b, 7]]),
    Case("dropout", ["p": .double(0.5)], [[b, 13]]),
    Case("dropout", ["p": .double(0.1)], [[b, 64]], batch: 33),
  ]

  private static let layout: [Case] = [
    Case("concat", ["axis": .int(1)], [[b, 3], [b, 16], [b, 1]]),
    Case("concat", ["axis": .int(2)], [[b, 3, 4], [b, 3, 5]]),
    Case("slice", ["axis": .int(1), "start": .int(2), "end": .int(5)], [[b, 7]]),
    Case("slice", ["axis": .int(2), "start": .int(0), "end": .int(4)], [[b, 3, 16]]),
    Case("reshape", ["shape": .ints([-1, 12])], [[b, 3, 4]]),
    Case("transpose", ["perm": .ints([0, 2, 1])], [[b, 3, 5]]),
    Case("transpose", ["perm": .ints([0, 2, 1])], [[b, 16, 32]], batch: 33),
  ]

  private static let normalising: [Case] = [
    Case("reduce_sum", ["axis": .ints([1])], [[b, 7]]),
    Case("reduce_sum", ["axis": .ints([1, 2]), "keepdims": .bool(true)], [[b, 3, 5]]),
    Case("reduce_mean", ["axis": .ints([1])], [[b, 7]]),
    Case("reduce_mean", ["axis": .ints([2])], [[b, 3, 64]], batch: 33),
    Case("softmax", [:], [[b, 7]]),
    Case("softmax", ["axis": .int(1)], [[b, 5, 16]], batch: 33),
    Case("layer_norm", [:], [[b, 7]]),
    Case("layer_norm", ["eps": .double(0.1)], [[b, 3, 64]], batch: 33),
  ]

  private static let losses: [Case] = [
    Case("bce_with_logits", [:], [[b], [b]], constants: [1]),
    Case("bce_with_logits", [:], [[b], [b]], constants: [1], batch: 1000),
  ]
}
