import DMTPluginKit
import DMTTesting
import Foundation
import Testing
import TowerDHEN

private func layers(_ parts: String..., vectors: Int = 2, and others: Attributes = [:]) -> Attributes {
  Attributes(
    ["parts": .strings(parts), "vectors": .int(vectors)].merging(others.values) { _, other in other })
}

@Suite("dhen and tower.dhen")
struct TowerDHENTests {
  let trial = ModuleTrial(DHEN(), TowerDHEN())

  @Test(
    "every part has its parameters",
    arguments: [
      ("dot", ["0.dot.weight [10, 6]", "0.dot.bias [10]"]),
      ("fm", ["0.fm.y [4, 3]", "0.fm.out.weight [10, 12]", "0.fm.out.bias [10]"]),
      (
        "attention",
        [
          "0.attention.in_proj.weight [15, 5]", "0.attention.in_proj.bias [15]", "0.attention.out_proj.weight [5, 5]",
          "0.attention.out_proj.bias [5]", "0.attention.mix.weight [2, 4]",
        ]
      ),
      ("cross", ["0.cross.weight [20, 20]", "0.cross.bias [20]", "0.cross.mix.weight [2, 4]"]),
      ("linear", ["0.linear.weight [2, 4]"]),
      ("mlp", ["0.mlp.0.weight [6, 20]", "0.mlp.0.bias [6]", "0.mlp.1.weight [10, 6]", "0.mlp.1.bias [10]"]),
    ])
  func parts(name: String, parameters: [String]) throws {
    let expansion = try trial.expand(
      "tower.dhen", layers(name, and: ["k": .int(3), "mlp": .ints([6]), "out": .int(7)]), inputs: ["x": [2, 4, 5]])
    #expect(
      expansion.parameters == parameters + [
        "0.shortcut.weight [2, 4]", "0.norm.weight [5]", "0.norm.bias [5]", "out.weight [7, 10]", "out.bias [7]",
      ])
    #expect(expansion.output == [Shape.batch, 7])
  }

  @Test("a cross part of low rank has two factors, one bias")
  func lowRank() throws {
    let expansion = try trial.expand(
      "tower.dhen", layers("cross", vectors: 4, and: ["rank": .int(3), "out": .int(7)]), inputs: ["x": [2, 4, 5]])
    #expect(
      expansion.parameters.prefix(3) == ["0.cross.v.weight [3, 20]", "0.cross.w.weight [20, 3]", "0.cross.w.bias [20]"])
    // As many vectors as came: nothing to mix, and the shortcut is X itself.
    #expect(!expansion.parameters.contains { $0.contains("mix") || $0.contains("shortcut") })
  }

  @Test("concat stacks the parts' vectors, sum adds them", arguments: [("concat", 6), ("sum", 2)])
  func ensemble(kind: String, count: Int) throws {
    let expansion = try trial.expand(
      "tower.dhen",
      layers("dot", "attention", "linear", and: ["ensemble": .string(kind), "layers": .int(2), "out": .int(7)]),
      inputs: ["x": [2, 4, 5]])
    #expect(expansion.parameters.contains("0.shortcut.weight [\(count), 4]"))
    #expect(expansion.parameters.contains("1.linear.weight [2, \(count)]"))
    #expect(!expansion.parameters.contains { $0.hasPrefix("1.shortcut") })
    #expect(expansion.parameters.contains("out.weight [7, \(5 * count)]"))
    #expect(expansion.operators.filter { $0 == "layer_norm" }.count == 2)
  }

  @Test("attention costs its three products and both of its layers, whatever the heads", arguments: [1, 2, 3])
  func attentionCost(heads: Int) throws {
    let expansion = try trial.expand(
      "tower.dhen", layers("attention", vectors: 4, and: ["heads": .int(heads), "out": .int(1)]),
      inputs: ["x": [2, 4, 6]])
    #expect(expansion.cost == Double(4 * 6 * 18 + 2 * 4 * 4 * 6 + 4 * 6 * 6 + 24))
    #expect(expansion.operators.filter { $0 == "softmax" }.count == heads)
  }

  @Test("one feature passes through when it is as wide as the result; otherwise `dot` is left out")
  func oneFeature() throws {
    let attributes = layers("dot", "linear", and: ["out": .int(8)])
    let passes = try trial.expand("tower.dhen", attributes, inputs: ["x": [2, 1, 8]])
    #expect(passes.parameters.isEmpty)
    let narrower = try trial.expand("tower.dhen", attributes, inputs: ["x": [2, 1, 6]])
    #expect(!narrower.parameters.contains { $0.contains("dot") })
    #expect(narrower.parameters.contains("0.linear.weight [2, 1]"))
    #expect(narrower.parameters.contains("out.weight [8, 12]"))
    let alone = #expect(throws: DMTError.self) {
      try trial.expand("tower.dhen", layers("dot", and: ["out": .int(8)]), inputs: ["x": [2, 1, 6]])
    }
    #expect(alone?.code == .shapeMismatch)
    #expect(
      alone?.message
        == "tower.dhen: layer 0 reads one vector, and `dot`, its only part, needs a pair; it reads 'x' [B, 1, 6]")
  }

  @Test("the over-arch joins the dense features as the first vector and ends in one logit")
  func overArch() throws {
    let expansion = try trial.expand(
      "dhen", layers("dot", "linear", and: ["top": .ints([9])]), inputs: ["x": [2, 4, 5], "dense": [2, 3]])
    #expect(
      expansion.parameters == [
        "bottom.0.weight [5, 3]", "bottom.0.bias [5]", "0.dot.weight [10, 10]", "0.dot.bias [10]",
        "0.linear.weight [2, 5]", "0.shortcut.weight [4, 5]", "0.norm.weight [5]", "0.norm.bias [5]",
        "top.0.weight [9, 20]", "top.0.bias [9]", "top.1.weight [1, 9]", "top.1.bias [1]",
      ])
    #expect(expansion.output == [Shape.batch])
    let cut = try trial.expand("dhen", layers("dot", and: ["dim": .int(4)]), inputs: ["x": [2, 12]])
    #expect(cut.parameters.first == "0.dot.weight [8, 3]")
  }

  @Test("parts that are missing, unknown or named twice are refused")
  func wrongParts() {
    for (parts, hint) in [([], "any of dot, fm"), (["dots"], "did you mean 'dot'"), (["dot", "dot"], "keep one")] {
      let error = #expect(throws: DMTError.self) {
        try trial.expand(
          "tower.dhen", ["parts": .strings(parts), "vectors": .int(1), "out": .int(2)], inputs: ["x": [2, 4, 5]])
      }
      #expect(error?.code == .invalidArgument)
      #expect(error?.remedy?.contains(hint) == true, "\(error?.remedy ?? "")")
    }
  }

  @Test("heads that do not divide the width, and features of different widths, are refused")
  func wrongShapes() {
    let heads = #expect(throws: DMTError.self) {
      try trial.expand(
        "tower.dhen", layers("attention", and: ["heads": .int(2), "out": .int(2)]), inputs: ["x": [2, 4, 5]])
    }
    #expect(
      heads?.message == "tower.dhen: part `attention` has vectors of 5 and 2 heads; it reads 'x' [B, 4, 5]")
    #expect(heads?.remedy == "let `heads` divide 5")
    let flat = #expect(throws: DMTError.self) {
      try trial.expand("tower.dhen", layers("dot", and: ["out": .int(2)]), inputs: ["x": [2, 20]])
    }
    #expect(flat?.code == .shapeMismatch)
  }

  @Test("a size that no machine can hold does not trap")
  func enormous() {
    _ = try? trial.expand(
      "tower.dhen",
      layers(
        "dot", "fm", "attention", "cross", "linear", "mlp", vectors: 65_536,
        and: ["k": .int(65_536), "mlp": .ints([.max]), "out": .int(.max), "rank": .int(.max)]),
      inputs: ["x": [2, 100_000, 9_000_000_000_000_000_000]])
    #expect(throws: DMTError.self) {
      try trial.expand("tower.dhen", layers("dot", vectors: .max, and: ["out": .int(1)]), inputs: ["x": [2, 4, 5]])
    }
  }

  @Test(
    "backward agrees with finite differences",
    arguments: [
      layers("dot", "fm", "attention", and: ["heads": .int(2), "k": .int(3)]),
      layers("cross", "linear", "mlp", and: ["ensemble": .string("sum"), "mlp": .ints([5])]),
      layers(
        "attention", "cross", vectors: 3, and: ["ensemble": .string("sum"), "rank": .int(2), "layers": .int(2)]),
    ])
  func gradients(attributes: Attributes) throws {
    var tower = attributes
    tower["out"] = .int(3)
    let compressed = try trial.checkGradients(of: "tower.dhen", tower, inputs: ["x": [2, 3, 4]])
    #expect(compressed.checked > 24)
    #expect(compressed.passed, "\(compressed.misses.prefix(5).map(\.description))")
    var overArch = attributes
    overArch["top"] = .ints([5])
    let logit = try trial.checkGradients(of: "dhen", overArch, inputs: ["x": [3, 2, 4], "dense": [3, 2]])
    #expect(logit.checked > 24)
    #expect(logit.passed, "\(logit.misses.prefix(5).map(\.description))")
  }

  @Test("meets every case that PyTorch made", arguments: [("dhen", 22), ("tower.dhen", 9)])
  func cases(module: String, count: Int) throws {
    let results = try trial.runCases(of: module, folder: casesFolder)
    #expect(results.count == count)
    for result in results { #expect(result.passed, "\(result)") }
  }

  private var casesFolder: String {
    var folder = URL(filePath: #filePath)
    for _ in 0..<5 { folder.deleteLastPathComponent() }
    return folder.appending(path: "Tests/Cases").path()
  }
}
