import Glibc

/// A time of the monotonic clock.
struct MonotonicTime {
  private let nanoseconds: Int

  private static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  init(millisecondsFromNow: Int) { nanoseconds = Self.now + millisecondsFromNow * 1_000_000 }

  var hasPassed: Bool { Self.now >= nanoseconds }

  static func yield() { sched_yield() }
  static func sleep(_ milliseconds: Int) { usleep(UInt32(clamping: milliseconds * 1000)) }
}
