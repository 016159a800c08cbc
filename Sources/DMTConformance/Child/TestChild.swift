internal import CDMTHostShims
internal import DMTCore
internal import Foundation

/// The process that runs one test.
///
/// Lines on the original standard output: `phase TEXT` before each step, `fault TEXT` on a bad access, at the end
/// `result JSON`. What the plugin prints goes to standard error.
enum TestChild {
  static func run(_ order: TestOrder) -> Int32 {
    let wire = dmt_duplicate(1, 3)
    guard wire >= 0, dup2(2, 1) >= 0 else { return 71 }
    dmt_disable_core_dump()
    dmt_die_with_parent()
    dmt_report_faults(wire)
    // Whoever started this process may have been a thread that signals are kept from.
    var none = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, nil)
    func send(_ word: String, _ text: String) {
      let line = word + " " + text.replacing("\n", with: " ") + "\n"
      var bytes = Array(line.utf8)[...]
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(wire, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return }
        bytes = bytes.dropFirst(count)
      }
    }
    let outcome = perform(order, tell: send)
    if let json = try? JSONEncoder().encode(outcome) { send("result", String(decoding: json, as: UTF8.self)) }
    // Not exit: a plugin's own exit handlers are tried by lifecycle.exit alone.
    if order.test != LifecycleTests.exitName { _exit(0) }
    exit(0)
  }

  /// Runs a test in this process.
  static func perform(_ order: TestOrder, tell: @escaping (String, String) -> Void) -> TestOutcome {
    guard let test = ConformanceTest.all.first(where: { $0.name == order.test }) else {
      return .failed("there is no test '\(order.test)'")
    }
    let context = TestContext(order, tell: tell)
    var outcome = TestOutcome(status: .passed)
    do {
      try test.body(context)
    } catch let skipped as TestContext.Skipped {
      outcome = .skipped(skipped.reason)
    } catch let error as DMTError {
      context.fail(error.message)
    } catch {
      context.fail("\(error)")
    }
    if !context.failures.isEmpty { outcome = TestOutcome(status: .failed, reasons: context.failures) }
    outcome.notes = context.notes
    return outcome
  }
}
