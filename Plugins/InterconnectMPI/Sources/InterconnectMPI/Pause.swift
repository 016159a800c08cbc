import Glibc

/// How long a thread that finds nothing to do leaves the core to others: short at first, then longer.
struct Pause {
  private var count = 0

  mutating func reset() { count = 0 }

  /// Waits, unlocked meanwhile; a broadcast ends it early.
  mutating func take(_ monitor: Monitor) {
    count += 1
    if count <= 32 {
      monitor.unlock()
      sched_yield()
      monitor.lock()
    } else {
      // 20 us, doubled after every 16 pauses up to 160 us.
      _ = monitor.wait(until: Monitor.deadline(nanoseconds: 20_000 << min(3, (count - 33) / 16)))
    }
  }
}
