import DMTCore
import DMTRuntime
import Testing

@Suite("Graph composer")
struct GraphComposerTests {
  private func composer() -> GraphComposer { GraphComposer(components: .builtin) }

  @Test("nodes and parameters are named by their scopes")
  func names() throws {
    let composer = composer()
    let x = composer.input("x", shape: [Shape.batch, 4, 8], needsGradient: true)
    _ = try composer.module(
      "dcn", name: "over_arch", attributes: ["layers": .int(2), "widths": .ints([5])], inputs: [x])
    let names = composer.graph.parameters.map(\.name)
    #expect(names.contains("over_arch.cross.1.weight"))
    #expect(names.contains("over_arch.deep.0.bias"))
    #expect(names.contains("over_arch.head.weight"))
    #expect(Set(composer.graph.nodes.map(\.name)).count == composer.graph.nodes.count)
  }

  @Test("shapes that do not fit name the node, both inputs and both shapes")
  func shapeMismatch() throws {
    let composer = composer()
    let a = composer.input("towers.reader", shape: [Shape.batch, 4], needsGradient: false)
    let b = composer.input("towers.item", shape: [Shape.batch, 5], needsGradient: false)
    let error = try #require(throws: DMTError.self) { try composer.apply("cross", name: "mix", [:], a, b) }
    #expect(error.code == .shapeMismatch)
    #expect(error.place.node == "mix")
    #expect(error.message.contains("'towers.reader' [B, 4]") && error.message.contains("'towers.item' [B, 5]"))
  }

  @Test("unknown operators and modules come with the nearest name")
  func unknownNames() throws {
    let composer = composer()
    let x = composer.input("x", shape: [Shape.batch, 4], needsGradient: false)
    let op = try #require(throws: DMTError.self) { try composer.apply("lineer", ["out": .int(1)], x) }
    #expect(op.remedy?.contains("'linear'") == true)
    let module = try #require(throws: DMTError.self) {
      try composer.module("cross_nets", name: "c", attributes: [:], inputs: [x])
    }
    #expect(module.code == .notFound)
    #expect(module.remedy?.contains("'cross_net'") == true)
  }

  @Test("an attribute that a module does not have is refused")
  func unknownAttribute() throws {
    let composer = composer()
    let x = composer.input("x", shape: [Shape.batch, 4], needsGradient: false)
    let error = try #require(throws: DMTError.self) {
      try composer.module("mlp", name: "m", attributes: ["width": .ints([3])], inputs: [x])
    }
    #expect(error.message.contains("'width'"))
    #expect(error.remedy?.contains("'widths'") == true)
  }

  @Test("a module that contains itself is an error, not an endless loop")
  func recursion() throws {
    struct Endless: Module {
      let name = "endless"
      let summary = "contains itself"
      func expand(
        in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
      ) throws(DMTError) -> GraphValue {
        try graph.module("endless", name: "again", attributes: [:], inputs: inputs)
      }
    }
    var components = Components.builtin
    components.modules["endless"] = Endless()
    let composer = GraphComposer(components: components)
    let x = composer.input("x", shape: [Shape.batch, 4], needsGradient: false)
    let error = try #require(throws: DMTError.self) {
      try composer.module("endless", name: "m", attributes: [:], inputs: [x])
    }
    #expect(error.message.contains("deeper"))
  }

  @Test("two parameters of one name are refused")
  func duplicateParameters() throws {
    let composer = composer()
    let x = composer.input("x", shape: [Shape.batch, 4], needsGradient: false)
    _ = try composer.apply("linear", name: "a", ["out": .int(2)], x)
    let error = try #require(throws: DMTError.self) { try composer.apply("linear", name: "a", ["out": .int(2)], x) }
    #expect(error.code == .alreadyExists)
  }
}
