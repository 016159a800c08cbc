import DMTCore
import DMTRuntime
import Testing

/// How several ways to do the same work are timed; the contestants say how long they took.
@Suite("Timing by turns")
struct TimerTests {
  private final class Log {
    var order: [String] = []
  }

  private func contestant(_ name: String, _ seconds: Double, _ log: Log) -> AlternatingTimer.Contestant {
    .init(name: name) { () throws(DMTError) in
      log.order.append(name)
      return (seconds / 4, seconds * 3 / 4)
    }
  }

  @Test("contestants take turns, the order turns around, and the fastest comes first")
  func turns() throws {
    let log = Log()
    let timer = AlternatingTimer(rounds: 4, sampleSeconds: 0, shouldStop: { false })
    let timings = try timer.measure([contestant("b", 2, log), contestant("a", 1, log)])
    #expect(log.order == ["b", "a", "b", "a"] + ["b", "a", "a", "b", "b", "a", "a", "b"])
    #expect(timings.map(\.backend) == ["a", "b"] && timings.map(\.total) == [1, 2])
    #expect(timings[0].forward == 0.25 && timings[0].backward == 0.75 && timings[0].spread == 0)
    #expect(timings.map(\.samples) == [4, 4])
  }

  @Test("who cannot win is timed three times or once, and short work many times a sample")
  func hopeless() throws {
    let log = Log()
    let timer = AlternatingTimer(rounds: 9, sampleSeconds: 0.5, shouldStop: { false })
    let timings = try timer.measure(
      [contestant("slow", 1, log), contestant("fast", 0.125, log), contestant("lost", 4, log)])
    #expect(timings.map(\.samples) == [9, 3, 1])
    #expect(log.order.count { $0 == "fast" } == 2 + 9 * 4)
    #expect(log.order.count { $0 == "slow" } == 2 + 3 && log.order.count { $0 == "lost" } == 1 + 1)
  }

  @Test("it stops between two samples when asked to")
  func stop() {
    let log = Log()
    let timer = AlternatingTimer(rounds: 9, sampleSeconds: 0, shouldStop: { log.order.count >= 5 })
    #expect { try timer.measure([contestant("a", 1, log), contestant("b", 1, log)]) } throws: {
      ($0 as? DMTError)?.code == .cancelled
    }
    #expect(log.order.count == 5)
  }
}
