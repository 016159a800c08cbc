import DMTPluginKit
import DMTTesting
import Foundation
import Testing
import TowerDCN

@Suite("tower.dcn")
struct TowerDCNTests {
  let trial = ModuleTrial(TowerDCN())

  @Test("cross layers on the flat tower, then one linear layer")
  func expands() throws {
    let expansion = try trial.expand(
      "tower.dcn", ["layers": .int(2), "out": .int(5)], inputs: ["x": [2, 3, 4]])
    #expect(
      expansion.parameters == [
        "cross.0.weight [12, 12]", "cross.0.bias [12]", "cross.1.weight [12, 12]", "cross.1.bias [12]",
        "out.weight [5, 12]", "out.bias [5]",
      ])
    #expect(expansion.operators == ["reshape", "cross", "cross", "linear"])
    #expect(expansion.output == [Shape.batch, 5])
  }

  @Test("a rank makes each cross layer two factors; one layer is the default")
  func lowRank() throws {
    let expansion = try trial.expand("tower.dcn", ["rank": .int(2), "out": .int(5)], inputs: ["x": [2, 3, 4]])
    #expect(
      expansion.parameters == [
        "cross.0.v [2, 12]", "cross.0.w [12, 2]", "cross.0.bias [12]", "out.weight [5, 12]", "out.bias [5]",
      ])
  }

  @Test("one feature as wide as the result keeps its cross layers and has no linear layer")
  func oneFeature() throws {
    let kept = try trial.expand("tower.dcn", ["out": .int(8)], inputs: ["x": [2, 1, 8]])
    #expect(kept.parameters == ["cross.0.weight [8, 8]", "cross.0.bias [8]"])
    #expect(kept.output == [Shape.batch, 8])
    let narrower = try trial.expand("tower.dcn", ["out": .int(4)], inputs: ["x": [2, 1, 8]])
    #expect(narrower.parameters.suffix(2) == ["out.weight [4, 8]", "out.bias [4]"])
    let two = try trial.expand("tower.dcn", ["out": .int(8)], inputs: ["x": [2, 2, 4]])
    #expect(two.parameters.suffix(2) == ["out.weight [8, 8]", "out.bias [8]"])
  }

  @Test("features of different widths come as one row")
  func flat() throws {
    let expansion = try trial.expand("tower.dcn", ["out": .int(4)], inputs: ["x": [2, 9]])
    #expect(expansion.operators == ["cross", "linear"])
    #expect(expansion.output == [Shape.batch, 4])
  }

  @Test("attributes that are missing, wrong or unknown are refused")
  func refused() {
    for attributes: Attributes in [
      [:], ["out": .int(0)], ["out": .int(4), "layers": .int(-1)], ["out": .int(4), "rnak": .int(2)],
    ] {
      let error = #expect(throws: DMTError.self) {
        try trial.expand("tower.dcn", attributes, inputs: ["x": [2, 3, 4]])
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test("backward agrees with finite differences", arguments: [0, 2])
  func gradients(rank: Int) throws {
    let outcome = try trial.checkGradients(
      of: "tower.dcn", ["layers": .int(2), "rank": .int(rank), "out": .int(3)], inputs: ["x": [3, 2, 3]])
    #expect(outcome.checked > 3 * 2 * 3)
    #expect(outcome.passed, "\(outcome.misses.prefix(5).map(\.description))")
  }

  @Test("meets every case that PyTorch made")
  func cases() throws {
    let results = try trial.runCases(of: "tower.dcn", folder: casesFolder)
    #expect(results.count == 10)
    for result in results { #expect(result.passed, "\(result)") }
  }

  private var casesFolder: String {
    var folder = URL(filePath: #filePath)
    for _ in 0..<5 { folder.deleteLastPathComponent() }
    return folder.appending(path: "Tests/Cases").path()
  }
}
