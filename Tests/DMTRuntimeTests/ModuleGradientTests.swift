import DMTCases
import DMTCore
import DMTReference
import DMTRuntime
import Testing

/// Every plain module, and graphs with fan-outs, against finite differences in double.
@Suite("Module gradients")
struct ModuleGradientTests {
  /// A module, its attributes and the shapes of its inputs.
  struct Subject: Sendable, CustomTestStringConvertible {
    var module: String
    var attributes: Attributes
    var inputs: [String: Shape]
    var testDescription: String {
      "\(module) \(attributes.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })"
    }
  }

  static let subjects: [Subject] = [
    Subject(
      module: "mlp", attributes: ["widths": .ints([7, 3]), "activation": .string("tanh")], inputs: ["x": [4, 5]]),
    Subject(
      module: "mlp", attributes: ["widths": .ints([6, 2]), "activation": .string("gelu"), "dropout": .double(0.5)],
      inputs: ["x": [3, 5]]),
    Subject(module: "cross_net", attributes: ["layers": .int(3)], inputs: ["x": [4, 5]]),
    Subject(module: "cross_net", attributes: ["layers": .int(2), "rank": .int(2)], inputs: ["x": [1, 6]]),
    Subject(
      module: "cross_net", attributes: ["layers": .int(2), "rank": .int(2), "experts": .int(3)], inputs: ["x": [3, 5]]),
    Subject(
      module: "dcn",
      attributes: ["layers": .int(1), "rank": .int(1), "experts": .int(2), "widths": .ints([4])],
      inputs: ["x": [3, 2, 3], "dense": [3, 2]]),
    Subject(
      module: "dcn", attributes: ["layers": .int(2), "widths": .ints([4]), "form": .string("parallel")],
      inputs: ["x": [3, 2, 4], "dense": [3, 2]]),
    Subject(module: "dcn", attributes: ["layers": .int(1), "widths": .ints([])], inputs: ["x": [2, 6]]),
    Subject(
      module: "dlrm", attributes: ["bottom": .ints([5, 4]), "top": .ints([6]), "cat": .bool(true)],
      inputs: ["x": [3, 3, 4], "dense": [3, 2]]),
    Subject(module: "dlrm", attributes: ["top": .ints([5])], inputs: ["x": [2, 3, 4]]),
    Subject(module: "deepfm", attributes: ["widths": .ints([5])], inputs: ["x": [3, 4, 2], "first_order": [3, 4]]),
  ]

  @Test("backward agrees with finite differences", arguments: subjects)
  func gradients(_ subject: Subject) throws {
    try check(subject, components: .builtin)
  }

  @Test("a value that several nodes read, one of them twice, gets the sum of their gradients")
  func fanOut() throws {
    struct FanOut: Module {
      let name = "fan_out"
      let summary = "x * x + linear(x) + reshape(reshape(x))"
      func expand(
        in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
      ) throws(DMTError) -> GraphValue {
        let x = inputs[0]
        let square = try graph.apply("mul", [:], x, x)
        let mapped = try graph.apply("linear", name: "map", ["out": .int(6), "activation": .string("tanh")], x)
        let cube = try graph.apply("reshape", ["shape": .ints([-1, 2, 3])], x)
        let back = try graph.apply("reshape", ["shape": .ints([-1, 6])], try graph.apply("tanh", [:], cube))
        let again = try graph.apply("reshape", ["shape": .ints([-1, 6])], cube)
        let first = try graph.apply("add", [:], square, mapped)
        let second = try graph.apply("mul", [:], back, again)
        return try graph.apply("sub", [:], try graph.apply("add", [:], first, second), again)
      }
    }
    var components = Components.builtin
    components.modules["fan_out"] = FanOut()
    try check(Subject(module: "fan_out", attributes: [:], inputs: ["x": [3, 6]]), components: components)
  }

  private func check(_ subject: Subject, components: Components) throws {
    let executor = ModuleExecutor(components: components)
    let inputs = Dictionary(
      uniqueKeysWithValues: subject.inputs.map { ($0.key, CaseTensor.random($0.value, name: $0.key, seed: 3)) })
    // The parameters' shapes come from the expansion.
    let composer = GraphComposer(components: components)
    let values = ["x", "dense", "first_order"].compactMap { name in
      subject.inputs[name].map {
        composer.input(name, shape: Shape([Shape.batch] + $0.dims.dropFirst()), needsGradient: true)
      }
    }
    var attributes = subject.attributes
    if subject.inputs["first_order"] != nil { attributes["first_order"] = .bool(true) }
    _ = try composer.module(subject.module, name: "", attributes: attributes, inputs: values)
    var parameters: [String: CaseTensor] = [:]
    for parameter in composer.graph.parameters {
      parameters[parameter.name] = .random(parameter.shape, name: parameter.name, seed: 5)
    }
    var function = try ModuleFunction(
      ModuleCaseRequest(
        module: subject.module, attributes: subject.attributes, dtype: .float64, inputs: inputs,
        parameters: parameters, backends: [ReferenceBackend()]), on: executor)
    let outcome = try GradientCheck().run(&function, at: function.point)
    #expect(outcome.checked > 0)
    #expect(outcome.passed, "\(outcome.misses.prefix(5).map(\.description))")
  }
}
