import DMTPluginKit
import DMTTesting
import Foundation
import Testing
import TowerFM

/// n_F = 2, n_L = 1, k = 3, one hidden layer of 6.
private let attributes: Attributes = [
  "k": .int(3), "fm_features": .int(2), "lc_features": .int(1), "mlp": .ints([6]),
]

extension Attributes {
  fileprivate func with(_ others: Attributes) -> Attributes {
    Attributes(values.merging(others.values) { _, other in other })
  }
}

@Suite("wukong and tower.fm")
struct TowerFMTests {
  let trial = ModuleTrial(Wukong(), TowerFM())

  @Test("a tower's layer has the blocks, the residual where the number of vectors changes, and the norm")
  func tower() throws {
    let expansion = try trial.expand("tower.fm", attributes.with(["out": .int(7)]), inputs: ["x": [2, 4, 5]])
    #expect(
      expansion.parameters == [
        "0.fmb.y [4, 3]", "0.fmb.norm.weight [12]", "0.fmb.norm.bias [12]", "0.fmb.mlp.0.weight [6, 12]",
        "0.fmb.mlp.0.bias [6]", "0.fmb.mlp.1.weight [10, 6]", "0.fmb.mlp.1.bias [10]", "0.lcb.weight [1, 4]",
        "0.residual.weight [3, 4]", "0.norm.weight [5]", "0.norm.bias [5]", "out.weight [7, 15]", "out.bias [7]",
      ])
    #expect(expansion.output == [Shape.batch, 7])
    // fm 2 n d k, its MLP, W X and W_r X for each of the d columns, and the last layer.
    #expect(expansion.cost == Double(2 * 4 * 5 * 3 + 12 * 6 + 6 * 10 + 5 * 4 + 5 * 12 + 15 * 7))
  }

  @Test("the second layer reads n_F + n_L vectors and has no residual weight")
  func secondLayer() throws {
    let expansion = try trial.expand(
      "tower.fm", attributes.with(["out": .int(7), "layers": .int(2)]), inputs: ["x": [2, 4, 5]])
    #expect(expansion.parameters.contains("1.fmb.y [3, 3]"))
    #expect(expansion.parameters.contains("1.lcb.weight [1, 3]"))
    #expect(!expansion.parameters.contains { $0.hasPrefix("1.residual") })
  }

  @Test("an attentive Y comes from the compressed vectors")
  func attentive() throws {
    let expansion = try trial.expand(
      "tower.fm", attributes.with(["out": .int(7), "attentive": .int(2), "attentive_mlp": .ints([9])]),
      inputs: ["x": [2, 4, 5]])
    #expect(
      expansion.parameters.prefix(5) == [
        "0.fmb.compress.weight [2, 4]", "0.fmb.y.0.weight [9, 10]", "0.fmb.y.0.bias [9]", "0.fmb.y.1.weight [12, 9]",
        "0.fmb.y.1.bias [12]",
      ])
    #expect(!expansion.operators.contains("fm"))
    #expect(expansion.operators.filter { $0 == "matmul" }.count == 2)
  }

  @Test("either block can be left out, not both")
  func blocks() throws {
    let noFM = try trial.expand(
      "tower.fm", attributes.with(["fm_features": .int(0), "out": .int(7)]), inputs: ["x": [2, 4, 5]])
    #expect(!noFM.parameters.contains { $0.contains("fmb") })
    let noCompression = try trial.expand(
      "tower.fm", attributes.with(["lc_features": .int(0), "out": .int(7)]), inputs: ["x": [2, 4, 5]])
    #expect(!noCompression.parameters.contains { $0.contains("lcb") })
    let none = #expect(throws: DMTError.self) {
      try trial.expand(
        "tower.fm", attributes.with(["fm_features": .int(0), "lc_features": .int(0), "out": .int(7)]),
        inputs: ["x": [2, 4, 5]])
    }
    #expect(none?.code == .invalidArgument)
    #expect(none?.message == "tower.fm has fm_features = 0 and lc_features = 0: nothing would leave a layer")
  }

  @Test("one feature passes through when it is as wide as the result, and only then")
  func oneFeature() throws {
    let passes = try trial.expand("tower.fm", attributes.with(["out": .int(8)]), inputs: ["x": [2, 1, 8]])
    #expect(passes.parameters.isEmpty)
    #expect(passes.output == [Shape.batch, 8])
    let narrower = try trial.expand("tower.fm", attributes.with(["out": .int(4)]), inputs: ["x": [2, 1, 8]])
    #expect(narrower.parameters.suffix(2) == ["out.weight [4, 24]", "out.bias [4]"])
  }

  @Test("the over-arch joins the dense features as the first vector and ends in one logit")
  func overArch() throws {
    let expansion = try trial.expand(
      "wukong", attributes.with(["top": .ints([9]), "bottom": .ints([7])]), inputs: ["x": [2, 4, 5], "dense": [2, 3]])
    #expect(
      expansion.parameters.prefix(4) == [
        "bottom.0.weight [7, 3]", "bottom.0.bias [7]", "bottom.1.weight [5, 7]", "bottom.1.bias [5]",
      ])
    #expect(expansion.parameters.contains("0.fmb.y [5, 3]"))
    #expect(
      expansion.parameters.suffix(4) == [
        "top.0.weight [9, 15]", "top.0.bias [9]", "top.1.weight [1, 9]", "top.1.bias [1]",
      ])
    #expect(expansion.output == [Shape.batch])
  }

  @Test("the over-arch cuts towers' results into vectors of `dim`")
  func cutsTowers() throws {
    let expansion = try trial.expand("wukong", attributes.with(["dim": .int(4)]), inputs: ["x": [2, 12]])
    #expect(expansion.parameters.first == "0.fmb.y [3, 3]")
    for stated: Attributes in [[:], ["dim": .int(5)]] {
      let error = #expect(throws: DMTError.self) {
        try trial.expand("wukong", attributes.with(stated), inputs: ["x": [2, 12]])
      }
      #expect(error?.code == .shapeMismatch)
      #expect(error?.remedy?.contains("`dim`") == true)
    }
  }

  @Test("widths that contradict each other, and attributes without a meaning, are refused")
  func refused() {
    let flat = #expect(throws: DMTError.self) {
      try trial.expand("tower.fm", attributes.with(["out": .int(4)]), inputs: ["x": [2, 20]])
    }
    #expect(flat?.message == "tower.fm got [B, 20], expected [B, F, N], features of one width; it reads 'x' [B, 20]")
    let width = #expect(throws: DMTError.self) {
      try trial.expand("wukong", attributes.with(["dim": .int(6)]), inputs: ["x": [2, 4, 5]])
    }
    #expect(width?.message == "wukong got vectors of 5 in [B, 4, 5], expected vectors of 6; it reads 'x' [B, 4, 5]")
    for wrong: Attributes in [
      ["attentive_mlp": .ints([4])], ["k": .int(0)], ["mlp": .ints([0])], ["layers": .int(0)],
    ] {
      let error = #expect(throws: DMTError.self) {
        try trial.expand("tower.fm", attributes.with(wrong).with(["out": .int(4)]), inputs: ["x": [2, 4, 5]])
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test("a size that no machine can hold does not trap")
  func enormous() {
    _ = try? trial.expand(
      "tower.fm",
      [
        "k": .int(65_536), "fm_features": .int(65_536), "lc_features": .int(65_536), "mlp": .ints([.max]),
        "out": .int(.max),
      ], inputs: ["x": [2, 4_000_000_000, 2_000_000_000]])
    #expect(throws: DMTError.self) {
      try trial.expand(
        "tower.fm", attributes.with(["fm_features": .int(.max), "out": .int(3)]), inputs: ["x": [2, 4, 5]])
    }
  }

  @Test(
    "backward agrees with finite differences",
    arguments: [
      attributes, attributes.with(["layers": .int(2)]),
      attributes.with(["attentive": .int(2), "attentive_mlp": .ints([4])]), attributes.with(["lc_features": .int(0)]),
      attributes.with(["fm_features": .int(0)]),
    ])
  func gradients(attributes: Attributes) throws {
    let tower = try trial.checkGradients(
      of: "tower.fm", attributes.with(["out": .int(3)]), inputs: ["x": [2, 3, 4]])
    #expect(tower.checked > 24)
    #expect(tower.passed, "\(tower.misses.prefix(5).map(\.description))")
    let overArch = try trial.checkGradients(
      of: "wukong", attributes.with(["top": .ints([5])]), inputs: ["x": [3, 2, 4], "dense": [3, 2]])
    #expect(overArch.checked > tower.checked)
    #expect(overArch.passed, "\(overArch.misses.prefix(5).map(\.description))")
  }

  @Test("meets every case that PyTorch made", arguments: [("wukong", 14), ("tower.fm", 9)])
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
