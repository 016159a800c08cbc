import DMTCases
import DMTCore
import DMTReference
import Foundation
import Testing

/// The cases made with PyTorch, in Tests/Cases.
enum CommittedCases {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Cases").path()

  /// Paths of all cases, sorted.
  static func paths() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".safetensors") }.sorted()
      .map { URL(filePath: folder).appending(path: $0).path() }
  }

  /// The reference for everything.
  static let runner = CaseRunner(
    backends: [ReferenceBackend()], embeddings: [ReferenceEmbedding()], updates: [ReferenceUpdate()])
}

@Suite struct CommittedCasesTests {
  @Test func everyCaseFileIsRead() throws {
    let paths = try CommittedCases.paths()
    #expect(paths.count == 452)
    var operations: Set<String> = []
    for path in paths {
      let file = try CaseFile(path: path)
      #expect(file.steps.isEmpty != file.outputs.isEmpty, "\(file.name)")
      if case .operation(let name) = file.subject { operations.insert(name) }
    }
    #expect(operations == Set(Opset.operators.map(\.name)), "every operator has a case")
  }

  @Test func theReferencePassesEveryOperatorAndOptimizerCase() throws {
    var report = CaseReport()
    for path in try CommittedCases.paths() {
      let file = try CaseFile(path: path)
      if case .module = file.subject { continue }
      report.results.append(CommittedCases.runner.run(file))
    }
    #expect(report.results.count == 452 - 127)
    for result in report.results {
      #expect(result.passed, "\(CaseReport([result]).table())")
      #expect(result.servedBy == ["reference"], "\(result.name)")
    }
    #expect(report.passed)
  }

  @Test func theReferenceUsesLittleOfTheTolerance() throws {
    // It computes in double and rounds once, so it must be far inside what float32 sums need.
    for name in ["linear-64x100-17", "fm-2x9x129-2", "cross-rank8-64x20", "layer_norm-7x129", "matmul-nn-1x3x129x7"] {
      let result = CommittedCases.runner.run(path: "\(CommittedCases.folder)/\(name).safetensors")
      let worst = try #require(result.worst)
      #expect(worst.toleranceUsed < 0.2, "\(CaseReport([result]).table())")
    }
  }
}
