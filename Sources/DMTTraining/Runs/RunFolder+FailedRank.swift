package import Foundation

extension RunFolder {
  /// The first rank that has written since `start` that it failed; nil: none has.
  ///
  /// A failed rank's log ends with a line that says so; whoever goes on with the run begins a line after it.
  package func failedRank(since start: Date) -> Int? {
    let others = (try? FileManager.default.contentsOfDirectory(atPath: rankLogFolder)) ?? []
    let ranks = others.compactMap { name in
      name.hasPrefix("rank-") && name.hasSuffix(".jsonl") ? Int(name.dropFirst(5).dropLast(6)) : nil
    }
    return ([0] + ranks.sorted()).first { Self.endsFailed($0 == 0 ? logPath : rankLogPath($0), since: start) }
  }

  private static func endsFailed(_ path: String, since start: Date) -> Bool {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let changed = attributes[.modificationDate] as? Date, changed >= start,
      let file = FileHandle(forReadingAtPath: path)
    else { return false }
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
