internal import FoundationEssentials
internal import Glibc

/// How long a child is waited for, on a machine that may be busy with other work.
///
/// A child is out of time when it has used the limit up as CPU time, or has done nothing for as long. Time in which it waits
/// for a CPU or for a disk is not its fault: many ranks that start at once on few cores would otherwise take each other for
/// hung. A child that waits for a disk that never answers ends at thirty times the limit.
struct Patience {
  /// A look at the child counts for this much at most, because this process too may have waited for a CPU meanwhile.
  private static let longestTurn: UInt64 = 20_000_000

  private let process: pid_t
  private let limit: UInt64
  private let end: UInt64
  private var last: UInt64
  private var idle: UInt64 = 0

  init(_ process: pid_t, limitMilliseconds: Int) {
    self.process = process
    limit = UInt64(max(1, limitMilliseconds)) * 1_000_000
    last = Self.now(CLOCK_MONOTONIC)
    end = last + 30 * limit
  }

  /// Looks at the child.
  ///
  /// - Returns: what it used up; nil: it may go on.
  mutating func spent() -> String? {
    let now = Self.now(CLOCK_MONOTONIC)
    let turn = now - last
    last = now
    if Self.isAsleep(process) { idle += min(turn, Self.longestTurn) }
    let milliseconds = limit / 1_000_000
    if idle >= limit { return "within \(milliseconds) ms, all of them asleep," }
    var clock = clockid_t()
    if clock_getcpuclockid(process, &clock) == 0, Self.now(clock) >= limit {
      return "within \(milliseconds) ms of CPU time"
    }
    return now >= end ? "within \(30 * milliseconds) ms, most of them waiting for the machine," : nil
  }

  /// Every thread of the process waits for something else than a CPU or a disk.
  private static func isAsleep(_ process: pid_t) -> Bool {
    let folder = "/proc/\(process)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    // Without /proc every moment counts.
    return threads.allSatisfy { thread in
      guard let line = FileManager.default.contents(atPath: "\(folder)/\(thread)/stat"),
        let state = line.lastIndex(of: UInt8(ascii: ")")).flatMap({
          line.index($0, offsetBy: 2, limitedBy: line.endIndex)
        }),
        state < line.endIndex
      else { return true }
      return line[state] != UInt8(ascii: "R") && line[state] != UInt8(ascii: "D")
    }
  }

  private static func now(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
