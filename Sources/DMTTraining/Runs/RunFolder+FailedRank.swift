import Foundation

extension RunFolder {
  /// How the ranks' logs stood at some time, to see later which have changed.
  ///
  /// Clocks do not come into it: a log is written by other hosts, and files' times lag behind the clock that a program reads.
  package struct RankLogs: Sendable {
    /// A log that is not there has no state.
    fileprivate struct State: Equatable {
      var size: UInt64
      var changed: Date
    }

    fileprivate var states: [Int: State] = [:]
  }

  /// How the ranks' logs stand now.
  package func rankLogs() -> RankLogs {
    var logs = RankLogs()
    for rank in loggedRanks { logs.states[rank] = state(ofLogOf: rank) }
    return logs
  }

  /// The first rank that has written since `before` that it failed; nil: none has.
  ///
  /// A failed rank's log ends with a line that says so; whoever goes on with the run begins a line after it.
  package func failedRank(since before: RankLogs) -> Int? {
    loggedRanks.first { rank in
      guard let state = state(ofLogOf: rank), state != before.states[rank] else { return false }
      return Self.endsFailed(log(of: rank))
    }
  }

  /// Ranks that may have a log, ascending.
  private var loggedRanks: [Int] {
    let others = (try? FileManager.default.contentsOfDirectory(atPath: rankLogFolder)) ?? []
    return [0]
      + others.compactMap { name in
        name.hasPrefix("rank-") && name.hasSuffix(".jsonl") ? Int(name.dropFirst(5).dropLast(6)) : nil
      }.sorted()
  }

  private func log(of rank: Int) -> String { rank == 0 ? logPath : rankLogPath(rank) }

  private func state(ofLogOf rank: Int) -> RankLogs.State? {
    let path = log(of: rank)
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let changed = attributes[.modificationDate] as? Date, let file = FileHandle(forReadingAtPath: path)
    else { return nil }
    defer { try? file.close() }
    return RankLogs.State(size: (try? file.seekToEnd()) ?? 0, changed: changed)
  }

  private static func endsFailed(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    // The line is short; a part of a longer one before it does no harm.
    let size = (try? file.seekToEnd()) ?? 0
    try? file.seek(toOffset: size - min(size, 512))
    guard let end = try? file.readToEnd() else { return false }
    let line = String(decoding: end, as: UTF8.self).split(separator: "\n").last ?? ""
    let reason = "\"reason\":\"\(RunRecord.Outcome.Reason.failed.rawValue)\""
    return line.hasPrefix("{\"event\":\"end\"") && line.contains(reason)
  }
}
