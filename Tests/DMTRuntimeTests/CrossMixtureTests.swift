import DMTCases
import DMTCore
import DMTReference
import DMTRuntime
import Foundation
import Testing

@Suite("Cross layers with a mixture of experts")
struct CrossMixtureTests {
  private func expand(_ module: String, _ attributes: Attributes) throws(DMTError) -> Graph {
    let composer = GraphComposer(components: .builtin)
    let x = composer.input("x", shape: [Shape.batch, 8], needsGradient: true)
    _ = try composer.module(module, name: "", attributes: attributes, inputs: [x])
    return composer.graph
  }

  @Test("every layer has its factors, its experts' middle matrices and a gate")
  func parameters() throws {
    let graph = try expand("cross_net", ["layers": .int(1), "rank": .int(3), "experts": .int(2)])
    #expect(
      graph.parameters.map { "\($0.name) \($0.shape)" } == [
        "0.v.weight [6, 8]", "0.c.0.weight [3, 3]", "0.c.1.weight [3, 3]", "0.gate.weight [2, 8]", "0.gate.bias [2]",
        "0.u.weight [8, 6]", "0.u.bias [8]",
      ])
    let cost = graph.nodes.reduce(0) { $0 + $1.signature.cost.forward }
    #expect(cost == Double(6 * 8 + 2 * 3 * 3 + 2 * 8 + 8 * 6))
  }

  @Test("the over-arch hands its experts to the cross layers")
  func overArch() throws {
    let graph = try expand(
      "dcn", ["layers": .int(2), "rank": .int(3), "experts": .int(2), "widths": .ints([4])])
    #expect(graph.parameters.contains { $0.name == "cross.1.c.1.weight" })
  }

  @Test("experts without a rank, and too many of them, are refused")
  func refused() throws {
    let noRank = #expect(throws: DMTError.self) { try expand("cross_net", ["layers": .int(1), "experts": .int(2)]) }
    #expect(noRank?.code == .invalidArgument)
    #expect(noRank?.remedy?.contains("`rank`") == true)
    for (rank, experts) in [(Int.max, 2), (1, Int.max), (1, -1)] {
      #expect(throws: DMTError.self) {
        try expand("cross_net", ["layers": .int(1), "rank": .int(rank), "experts": .int(experts)])
      }
    }
  }

  @Test("cross layers and the over-arch meet every case that PyTorch made", arguments: ["cross_net", "dcn"])
  func cases(module: String) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Cases").path()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasPrefix("module-\(module)-") }
    #expect(names.filter { $0.contains("experts") }.count >= 2)
    let runner = CaseRunner(
      backends: [ReferenceBackend()], embeddings: [], updates: [], modules: ModuleExecutor(components: .builtin))
    for name in names.sorted() {
      let result = runner.run(path: "\(folder)/\(name)")
      #expect(result.passed, "\(result)")
    }
  }
}
