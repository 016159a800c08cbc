import DMTCases
import DMTCore
import DMTReference
import Testing

/// An operator at shapes at which its gradients are checked.
struct GradientExample: CustomTestStringConvertible, Sendable {
  var op: String
  var attributes: Attributes = [:]
  var shapes: [Shape]
  var constants: Set<String> = []

  var testDescription: String {
    "\(op) \(attributes.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) \(shapes)"
  }

  init(_ op: String, _ attributes: Attributes = [:], _ shapes: Shape..., constants: Set<String> = []) {
    self.op = op
    self.attributes = attributes
    self.shapes = shapes
    self.constants = constants
  }

  static let all: [GradientExample] =
    products + interactions + layouts + pointwise + [
      .init("bce_with_logits", [:], [1], [1], constants: ["labels"]),
      .init("bce_with_logits", [:], [7], [7], constants: ["labels"]),
    ]

  private static let products: [GradientExample] =
    ["none", "relu", "sigmoid", "tanh", "gelu"].flatMap { activation -> [GradientExample] in
      [
        .init("linear", ["out": .int(3), "activation": .string(activation)], [5, 7]),
        .init("linear", ["out": .int(1), "activation": .string(activation), "bias": .bool(false)], [1, 3, 2]),
      ]
    }
    + [(false, false), (false, true), (true, false), (true, true)].map { a, b in
      GradientExample(
        "matmul", ["transpose_a": .bool(a), "transpose_b": .bool(b)], a ? [3, 5, 2] : [3, 2, 5],
        b ? [3, 7, 5] : [3, 5, 7])
    }

  private static let interactions: [GradientExample] = [
    .init("dot_interaction", [:], [3, 5, 4]), .init("dot_interaction", [:], [1, 2, 1]),
    .init("cross", [:], [4, 5], [4, 5]), .init("cross", ["rank": .int(2)], [4, 5], [4, 5]),
    .init("cross", ["rank": .int(7)], [1, 3], [1, 3]), .init("fm", ["k": .int(2)], [3, 4, 5]),
    .init("fm", ["k": .int(3)], [1, 1, 7]),
  ]

  private static let layouts: [GradientExample] = [
    .init("concat", ["axis": .int(1)], [2, 3], [2, 1], [2, 5]),
    .init("concat", ["axis": .int(-1)], [2, 3, 1], [2, 3, 4]),
    .init("concat", ["axis": .int(1)], [3, 2]),
    .init("slice", ["axis": .int(1), "start": .int(1), "end": .int(3)], [3, 5, 2]),
    .init("slice", ["axis": .int(-1), "start": .int(0), "end": .int(1)], [3, 4]),
    .init("reshape", ["shape": .ints([-1, 6])], [5, 2, 3]), .init("transpose", ["perm": .ints([0, 2, 1])], [2, 3, 5]),
    .init("transpose", ["perm": .ints([0, 3, 1, 2])], [2, 3, 1, 4]),
    .init("reduce_sum", ["axis": .ints([1])], [3, 4, 5]),
    .init("reduce_sum", ["axis": .ints([1, -1]), "keepdims": .bool(true)], [3, 2, 4, 5]),
    .init("reduce_mean", ["axis": .ints([2])], [3, 4, 5]),
    .init("reduce_mean", ["axis": .ints([1, 3])], [1, 2, 4, 3]),
  ]

  private static let pointwise: [GradientExample] =
    ["relu", "sigmoid", "tanh", "gelu"].map { .init($0, [:], [5, 7]) }
    + ["add", "sub", "mul"].flatMap { op -> [GradientExample] in
      [
        .init(op, [:], [3, 4], [3, 4]), .init(op, [:], [3, 5, 4], [5, 1]), .init(op, [:], [4], [2, 3, 4]),
        .init(op, [:], [3, 1, 4], [3, 5, 1]), .init(op, [:], [1, 1], [3, 2]),
      ]
    }
    + [
      .init("scale", ["factor": .double(-2.5)], [3, 5]),
      .init("softmax", ["axis": .int(-1)], [3, 7]), .init("softmax", ["axis": .int(1)], [2, 5, 3]),
      .init("layer_norm", [:], [3, 7]), .init("layer_norm", ["eps": .double(0.1)], [2, 3, 2]),
      .init("dropout", ["p": .double(0.4)], [3, 9]), .init("dropout", ["p": .double(0)], [2, 3, 2]),
    ]
}

@Suite struct GradientTests {
  @Test(arguments: GradientExample.all)
  func backwardIsTheDerivativeOfForward(example: GradientExample) throws {
    let schema = try #require(Opset.named(example.op))
    var function = try OperatorFunction(
      schema, attributes: example.attributes, inputs: example.shapes, constants: example.constants,
      key: CaseKey(seed: 7, step: 3, node: "node"), on: ReferenceBackend())
    let outcome = try GradientCheck().run(&function, at: function.point)
    #expect(outcome.passed, "\(outcome.misses.prefix(5).map(\.description))")
    let inputs = example.shapes.enumerated().filter { index, _ in
      index >= schema.inputNames.count || !example.constants.contains(schema.inputNames[index])
    }
    #expect(outcome.checked >= inputs.reduce(0) { $0 + $1.element.elements(batch: 0) })
  }

  @Test func everyOperatorOfTheBackendHasAGradientExample() {
    #expect(Set(GradientExample.all.map(\.op)) == Set(ReferenceBackend.operatorNames))
  }

  @Test func theBackendServesTheWholeOpsetButTheEmbeddingBag() {
    #expect(Set(ReferenceBackend.operatorNames) == Set(Opset.operators.map(\.name)).subtracting(["embedding_bag"]))
  }
}
