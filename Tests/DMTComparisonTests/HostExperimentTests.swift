import DMTComparison
import DMTCore
import Foundation
import Testing

@Suite("The multi-host experiment's folder")
struct HostExperimentTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "dmt-hosts-\(UUID().uuidString)").path

  private func write(_ text: String, to path: String) throws {
    let file = URL(fileURLWithPath: "\(folder)/\(path)")
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
  }

  /// A finished round of two ranks: rank 1 is the slower one by a tenth, and the first two steps are ten times as slow.
  private func round(_ number: Int, of setting: String, ms: Double) throws {
    for rank in 0..<2 {
      let lines = (1...5).map { step in
        let time = ms * (step <= 2 ? 10 : 1) * (rank == 1 ? 1.1 : 1)
        return #"{"event":"step","step":\#(step),"samples":1000,"samples_per_second":\#(1_000_000 / time),"#
          + #""compute_ms":\#(time / 2),"wait_embedding_ms":\#(time / 4),"wait_dense_ms":\#(time / 4)}"#
      }
      try write(
        lines.joined(separator: "\n"),
        to: "\(setting)/round-\(number)/run/\(rank == 0 ? "log.jsonl" : "ranks/rank-1.jsonl")")
    }
    try write("", to: "\(setting)/round-\(number)/done")
  }

  @Test func `a ratio is of runs of one round, on the slowest rank, after the warm-up`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (number, factor) in [1.0, 2.0, 1.5].enumerated() {
      try round(number + 1, of: "dcn-flat-1-4x2-200", ms: 300)
      try round(number + 1, of: "dcn-dmt-4-4x2-200", ms: 300 / factor)
    }
    for (seed, auc) in [0.9, 0.7, 0.8].enumerated() {
      try write(#"{"test":{"auc":\#(auc)}}"#, to: "auc/dcn-dmt-4/seed-\(seed + 1).json")
    }
    let settings = try HostExperiment.settings(in: folder)
    #expect(settings.map(\.title) == ["flat", "DMT CR 4"])
    let dmt = try #require(settings.last)
    #expect(dmt.ranks == 8 && dmt.hosts == 4 && dmt.rateMbit == 200 && dmt.rounds == 3)
    #expect(abs(dmt.stepMs - 220) < 1e-6)
    #expect(abs(dmt.computeMs - 110) < 1e-6)
    let ratios = [dmt.speedupLow, dmt.speedup, dmt.speedupHigh].map { $0 ?? 0 }
    #expect(zip(ratios, [1, 1.5, 2]).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(dmt.auc == 0.8)
    #expect(settings.first?.auc == nil)
  }

  @Test func `of an even number of rounds the median lies between the middle ones`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (number, factor) in [1.0, 2.0].enumerated() {
      try round(number + 1, of: "dlrm-flat-1-2x2-200", ms: 300)
      try round(number + 1, of: "dlrm-sptt-1-2x2-200", ms: 300 / factor)
    }
    let sptt = try #require(try HostExperiment.settings(in: folder).last)
    #expect(abs((sptt.speedup ?? 0) - 1.5) < 1e-6)
  }

  @Test func `a round that was stopped does not count, and no round at all is an error`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try round(1, of: "dcn-flat-1-4x2-200", ms: 300)
    try FileManager.default.removeItem(atPath: "\(folder)/dcn-flat-1-4x2-200/round-1/done")
    #expect { try HostExperiment.settings(in: folder) } throws: { ($0 as? DMTError)?.code == .notFound }
  }
}
