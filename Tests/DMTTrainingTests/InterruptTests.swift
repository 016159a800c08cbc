import DMTTraining
import Foundation
import Testing

@Suite("Interrupts")
struct InterruptTests {
  @Test("the first Ctrl-C raises the flag and lets the process go on")
  func first() async {
    await #expect(processExitsWith: .exitCode(7)) {
      InterruptFlag.install()
      guard !InterruptFlag.isRaised else { exit(1) }
      kill(getpid(), SIGINT)
      for _ in 0..<2000 where !InterruptFlag.isRaised { usleep(1000) }
      exit(InterruptFlag.isRaised ? 7 : 2)
    }
  }

  @Test("the second signal ends the process at once with status 130")
  func second() async {
    await #expect(processExitsWith: .exitCode(130)) {
      InterruptFlag.install()
      kill(getpid(), SIGINT)
      for _ in 0..<2000 where !InterruptFlag.isRaised { usleep(1000) }
      kill(getpid(), SIGTERM)
      sleep(20)
    }
  }
}
