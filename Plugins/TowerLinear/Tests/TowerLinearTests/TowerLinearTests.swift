import DMTPluginKit
import DMTTesting
import Foundation
import TowerLinear
import Testing

@Suite("tower.linear")
struct TowerLinearTests {
  let trial = ModuleTrial(TowerLinear())

  @Test("whole tower and every feature: two layers, their results side by side")
  func both() throws {
    let expansion = try trial.expand(
      "tower.linear", ["c": .int(1), "p": .int(2), "dim": .int(3)], inputs: ["x": [2, 4, 8]])
    #expect(
      expansion.parameters == [
        "combine.weight [6, 32]", "combine.bias [6]", "project.weight [3, 8]", "project.bias [3]",
      ])
    #expect(expansion.output == [Shape.batch, 18])
    #expect(expansion.cost == Double(6 * 32 + 4 * 3 * 8))
  }

  @Test(
    "one kind alone has one layer and no concat",
    arguments: [(1, 0, "project.weight [3, 8]"), (0, 2, "combine.weight [6, 32]")])
  func oneKind(c: Int, p: Int, weight: String) throws {
    let expansion = try trial.expand(
      "tower.linear", ["c": .int(c), "p": .int(p), "dim": .int(3)], inputs: ["x": [2, 4, 8]])
    #expect(expansion.parameters.first == weight)
    #expect(expansion.parameters.count == 2)
    #expect(!expansion.operators.contains("concat"))
    #expect(expansion.output == [Shape.batch, 3 * (p + 4 * c)])
  }

  @Test("one feature passes through when the result is as wide, and only then")
  func passThrough() throws {
    for attributes: Attributes in [["dim": .int(8)], ["c": .int(0), "p": .int(2), "dim": .int(4)]] {
      let expansion = try trial.expand("tower.linear", attributes, inputs: ["x": [2, 1, 8]])
      #expect(expansion.parameters.isEmpty)
      #expect(expansion.operators == ["reshape"])
      #expect(expansion.output == [Shape.batch, 8])
    }
    #expect(try trial.expand("tower.linear", ["dim": .int(4)], inputs: ["x": [2, 1, 8]]).parameters.count == 2)
    // Two features of 4 are as wide as the result too, but there is something to combine.
    let two = try trial.expand(
      "tower.linear", ["c": .int(0), "p": .int(1), "dim": .int(8)], inputs: ["x": [2, 2, 4]])
    #expect(two.parameters.count == 2)
  }

  @Test("features of different widths, and no result at all, are refused with a remedy")
  func refused() throws {
    let flat = #expect(throws: DMTError.self) {
      try trial.expand("tower.linear", ["dim": .int(4)], inputs: ["x": [2, 24]])
    }
    #expect(flat?.code == .shapeMismatch)
    #expect(
      flat?.message == "tower.linear got [B, 24], expected [B, F, N], features of one width; it reads 'x' [B, 24]")
    #expect(flat?.remedy != nil)
    let nothing = #expect(throws: DMTError.self) {
      try trial.expand("tower.linear", ["c": .int(0), "dim": .int(4)], inputs: ["x": [2, 3, 8]])
    }
    #expect(nothing?.code == .invalidArgument)
    #expect(throws: DMTError.self) { try trial.expand("tower.linear", inputs: ["x": [2, 3, 8]]) }
  }

  @Test("a size that no machine can hold does not trap")
  func enormous() {
    // Whether it is refused here or where memory is taken: the process goes on.
    _ = try? trial.expand(
      "tower.linear", ["c": .int(65_536), "p": .int(65_536), "dim": .int(.max)], inputs: ["x": [2, 3, 8]])
    #expect(throws: DMTError.self) {
      try trial.expand("tower.linear", ["c": .int(.max), "p": .int(.max), "dim": .int(4)], inputs: ["x": [2, 3, 8]])
    }
  }

  @Test("backward agrees with finite differences", arguments: [1, 3])
  func gradients(features: Int) throws {
    let outcome = try trial.checkGradients(
      of: "tower.linear", ["c": .int(2), "p": .int(1), "dim": .int(3)], inputs: ["x": [3, features, 4]])
    #expect(outcome.checked == 3 * features * 4 + (3 * 4 * features + 3) + (6 * 4 + 6))
    #expect(outcome.passed, "\(outcome.misses.prefix(5).map(\.description))")
  }

  @Test("meets every case that PyTorch made")
  func cases() throws {
    let results = try trial.runCases(of: "tower.linear", folder: casesFolder)
    #expect(results.count == 11)
    for result in results { #expect(result.passed, "\(result)") }
  }

  private var casesFolder: String {
    var folder = URL(filePath: #filePath)
    for _ in 0..<5 { folder.deleteLastPathComponent() }
    return folder.appending(path: "Tests/Cases").path()
  }
}
