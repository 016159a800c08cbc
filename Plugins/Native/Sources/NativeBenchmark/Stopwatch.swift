import Foundation

/// The time that a measurement counts.
enum Stopwatch {
  /// Nanoseconds: of the wall clock, or with one thread of the CPU, which other processes do not disturb.
  static func now(threads: Int) -> UInt64 {
    if threads > 1 { return DispatchTime.now().uptimeNanoseconds }
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
