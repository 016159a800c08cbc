import DMTPluginHost
import DMTPluginKit
import Testing

/// A builder that writes down what it is asked to build.
private final class RecordingGraph: GraphBuilder {
  struct Node: Equatable {
    var name: String
    var operation: String
    var attributes: Attributes
    var inputs: [Int32]
  }

  var nodes: [Node] = []
  private var next: Int32 = 10

  func shape(of value: GraphValue) throws(DMTError) -> Shape { [Shape.batch, 4] }

  func operation(
    _ op: String, name: String, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> [GraphValue] {
    if op == "no-such-operator" {
      throw DMTError(
        .notFound, "there is no operator '\(op)'", place: DMTError.Place(node: "tower0.x"),
        remedy: "did you mean 'relu'?")
    }
    nodes.append(Node(name: name, operation: op, attributes: attributes, inputs: inputs.map(\.id)))
    return (0..<(op == "split" ? 3 : 1)).map { _ in fresh() }
  }

  func module(
    _ module: String, name: String, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    nodes.append(Node(name: name, operation: "module " + module, attributes: attributes, inputs: inputs.map(\.id)))
    return fresh()
  }

  func constant(_ value: Double, columns: Int) throws(DMTError) -> GraphValue {
    nodes.append(
      Node(name: "", operation: "constant", attributes: ["v": .double(value), "n": .int(columns)], inputs: []))
    return fresh()
  }

  private func fresh() -> GraphValue {
    next += 1
    return GraphValue(id: next)
  }
}

@Suite("A plugin's module, through the C tables and back")
struct ModuleRoundTripTests {
  @Test("a module expands into the same nodes in a plugin as in the process")
  func expands() throws {
    let module = try #require(try RoundTrip().plugin.modules.first)
    #expect(module.attributes == TwoSwishes().attributes)
    #expect(module.minimumInputs == 1 && module.maximumInputs == 2)
    let there = RecordingGraph()
    let here = RecordingGraph()
    let result = try module.expand(in: there, attributes: [:], inputs: [GraphValue(id: 3)])
    #expect(try TwoSwishes().expand(in: here, attributes: [:], inputs: [GraphValue(id: 3)]) == result)
    #expect(there.nodes == here.nodes)
    #expect(there.nodes.count == 5)
  }

  @Test("the builder's own error comes back whole, place and remedy included")
  func builderErrors() throws {
    let module = try #require(try RoundTrip().plugin.modules.first)
    let error = #expect(throws: DMTError.self) {
      try module.expand(
        in: RecordingGraph(), attributes: ["breaks": .string("operator")], inputs: [GraphValue(id: 3)])
    }
    #expect(error?.code == .notFound)
    #expect(error?.message == "there is no operator 'no-such-operator'")
    #expect(error?.remedy == "did you mean 'relu'?")
    #expect(
      error?.place
        == DMTError.Place(plugin: "com.example.test", component: "com.example.twice", phase: "expand", node: "tower0.x")
    )
  }

  @Test(
    "a module's own errors and broken values are told apart",
    arguments: [
      ("own", DMTError.Code.shapeMismatch, "twice does not like [B, 4] (feed it something else)"),
      ("value", .pluginFailed, "value 4711 is none of the values that this expansion was given or made"),
      ("result", .pluginFailed, "its result, value 99, is none of the values it was given or made"),
    ])
  func ownErrors(how: String, code: DMTError.Code, message: String) throws {
    let module = try #require(try RoundTrip().plugin.modules.first)
    let error = #expect(throws: DMTError.self) {
      try module.expand(in: RecordingGraph(), attributes: ["breaks": .string(how)], inputs: [GraphValue(id: 3)])
    }
    #expect(error?.code == code)
    #expect(error?.message == message)
  }

  @Test("a wrong number of inputs or an unknown attribute is refused before the author's code")
  func refuses() throws {
    let module = try #require(try RoundTrip().plugin.modules.first)
    let none = #expect(throws: DMTError.self) { try module.expand(in: RecordingGraph(), attributes: [:], inputs: []) }
    #expect(none?.message == "module com.example.twice has 0 inputs, expected 1 to 2")
    let unknown = #expect(throws: DMTError.self) {
      try module.expand(in: RecordingGraph(), attributes: ["break": .string("x")], inputs: [GraphValue(id: 3)])
    }
    #expect(unknown?.code == .invalidArgument)
  }
}
