import DMTCore
import Foundation

/// A run of the multi-host experiment: what its ranks logged.
struct HostRun {
  /// Where a step's time went, in milliseconds, on the rank that was slowest in it.
  struct Step {
    var total: Double
    var compute: Double
    var embedding: Double
    var dense: Double
  }

  /// The first steps bind kernels and fill memory.
  static let warmUp = 2

  /// Steps after the warm-up.
  let steps: [Step]

  private struct Line: Decodable {
    var event: String
    var step: Int
    var samples: Double?
    var samples_per_second: Double?
    var compute_ms: Double?
    var wait_index_ms: Double?
    var wait_embedding_ms: Double?
    var wait_dense_ms: Double?
    var wait_control_ms: Double?
  }

  /// Reads a run folder.
  ///
  /// - Throws: ``DMTError/Code/invalidData`` for a run without steps of several ranks.
  init(folder: String) throws(DMTError) {
    var slowest: [Int: Step] = [:]
    var files = [folder + "/log.jsonl"]
    let others = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/ranks")) ?? []
    files += others.filter { $0.hasSuffix(".jsonl") }.sorted().map { folder + "/ranks/" + $0 }
    for file in files {
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { continue }
      for line in text.split(separator: "\n") {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)), line.event == "step",
          let samples = line.samples, let rate = line.samples_per_second, rate > 0, let compute = line.compute_ms
        else { continue }
        let step = Step(
          total: samples / rate * 1000, compute: compute,
          embedding: (line.wait_index_ms ?? 0) + (line.wait_embedding_ms ?? 0),
          dense: (line.wait_dense_ms ?? 0) + (line.wait_control_ms ?? 0))
        if step.total > slowest[line.step]?.total ?? -1 { slowest[line.step] = step }
      }
    }
    steps = slowest.filter { $0.key > Self.warmUp }.sorted { $0.key < $1.key }.map(\.value)
    guard !steps.isEmpty else {
      throw DMTError(
        .invalidData, "the run has no steps after the first \(Self.warmUp) with the waits of ranks",
        place: .init(file: folder), remedy: "remove the folder above it and run the experiment again")
    }
  }

  /// The step whose time is the median.
  var median: Step {
    let sorted = steps.sorted { $0.total < $1.total }
    return sorted[sorted.count / 2]
  }
}
