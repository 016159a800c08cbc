import DMTTraining
import Foundation
import Testing

@Suite struct FailedRankTests {
  private let folder: RunFolder

  init() throws {
    folder = RunFolder(path: FileManager.default.temporaryDirectory.path + "/dmt-failed-" + UUID().uuidString)
    try FileManager.default.createDirectory(atPath: folder.rankLogFolder, withIntermediateDirectories: true)
  }

  private static let failed = "{\"event\":\"end\",\"step\":7,\"reason\":\"failed\"}\n"
  private static let step = "{\"event\":\"step\",\"step\":7,\"epoch\":1,\"loss\":0.5}\n"

  @Test func `the first rank that failed since a moment is found by the last line of its log`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let start = folder.rankLogs()
    #expect(folder.failedRank(since: start) == nil)
    try (Self.step + Self.step).write(toFile: folder.logPath, atomically: false, encoding: .utf8)
    try (Self.step + Self.failed).write(toFile: folder.rankLogPath(12), atomically: false, encoding: .utf8)
    #expect(folder.failedRank(since: start) == 12)
    try (Self.step + Self.failed).write(toFile: folder.rankLogPath(3), atomically: false, encoding: .utf8)
    #expect(folder.failedRank(since: start) == 3)
    try (String(repeating: Self.step, count: 90) + Self.failed)
      .write(toFile: folder.logPath, atomically: false, encoding: .utf8)
    #expect(folder.failedRank(since: start) == 0)
    // What failed before the moment is over, and so is a failure after which the run goes on.
    #expect(folder.failedRank(since: folder.rankLogs()) == nil)
    for path in [folder.logPath, folder.rankLogPath(3), folder.rankLogPath(12)] {
      try (Self.failed + "{\"event\":\"resume\",\"step\":7}\n").write(toFile: path, atomically: false, encoding: .utf8)
    }
    #expect(folder.failedRank(since: start) == nil)
  }
}
