import DMTCore
import DMTTraining
import Foundation
import Testing

@Suite("Predictions")
struct PredictorTests {
  private func model() -> TinyModel {
    let model = TinyModel(featureCount: MemoryBatches.columns)
    let w = model.weights.bytes.bindMemory(to: Float.self)
    (w[0], w[1], w[2]) = (1, -2, 0.5)
    return model
  }

  /// The probabilities, computed apart.
  private func expected(_ source: MemoryBatches) throws -> [Float] {
    var result: [Float] = []
    source.seek(epoch: 0, batchNumber: 0)
    while let batch = try source.next() {
      for index in 0..<batch.count {
        let x = batch.dense + index * 3
        result.append(Float(1 / (1 + exp(-Double(x[0] - 2 * x[1] + 0.5 * x[2])))))
      }
      source.recycle(batch)
    }
    return result
  }

  @Test("a file has a header and a line for each row in order, with the model's probability")
  func file() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/p.csv"
    let source = MemoryBatches(count: 21, size: 8, seed: 4)
    let count = try Predictor.write(model(), on: source, to: .file(path), shouldStop: { false })
    #expect(count == 21 && source.out == 0)
    let lines = String(decoding: try contents(path), as: UTF8.self).split(separator: "\n").map(String.init)
    #expect(lines.first == "row,probability" && lines.count == 22)
    for (row, (line, probability)) in zip(lines.dropFirst(), try expected(source)).enumerated() {
      let parts = line.split(separator: ",")
      #expect(parts.first == "\(row)")
      let value = try #require(parts.last.flatMap { Float($0) })
      #expect(abs(value - probability) < 1e-6)
    }
    #expect(try folder.names() == ["p.csv"])
  }

  @Test("more lines than the buffer holds all arrive at a descriptor, without row numbers where they are not wanted")
  func descriptor() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/p.csv"
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    let file = try #require(FileHandle(forWritingAtPath: path))
    let source = MemoryBatches(count: 20_000, size: 512, seed: 4)
    let count = try Predictor.write(
      model(), on: source, to: .descriptor(file.fileDescriptor), columns: .probability, shouldStop: { false })
    try file.close()
    #expect(count == 20_000)
    let lines = String(decoding: try contents(path), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 20_001 && lines.first == "probability")
    #expect(lines.dropFirst().allSatisfy { Float($0).map { (0...1).contains($0) } ?? false })
  }

  @Test("an interruption or a prediction that is not finite leaves an older file as it was")
  func failures() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/p.csv"
    try Data("old".utf8).write(to: URL(fileURLWithPath: path))
    let source = MemoryBatches(count: 21, size: 8, seed: 4)
    var questions = 0
    let stopped = try error {
      try Predictor.write(
        model(), on: source, to: .file(path),
        shouldStop: {
          questions += 1
          return questions == 2
        })
    }
    #expect(stopped.code == .cancelled && stopped.message.contains("after 8 rows"))
    let broken = model()
    broken.weights.bytes.bindMemory(to: Float.self)[0] = .nan
    let failure = try error { try Predictor.write(broken, on: source, to: .file(path), shouldStop: { false }) }
    #expect(failure.code == .notFinite && failure.message.contains("row 0"))
    #expect(try contents(path) == Array("old".utf8) && source.out == 0)
    #expect(try folder.names() == ["p.csv"])
  }

  @Test("an output that takes no byte is an I/O error")
  func noOutput() throws {
    let source = MemoryBatches(count: 3, size: 8, seed: 4)
    let failure = try error {
      try Predictor.write(model(), on: source, to: .descriptor(-1), shouldStop: { false })
    }
    #expect(failure.code == .io)
  }
}
