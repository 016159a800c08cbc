internal import DMTCore
internal import DMTPluginHost
internal import Foundation

/// Runs one test: in a child process, whose end is interpreted whatever it is, or in this one.
struct TestRunner: Sendable {
  /// The program that is started as the child.
  var executable: String
  /// Time that a test has.
  var limitMilliseconds: Int
  /// Run in this process, for a debugger.
  var isInProcess: Bool

  func run(_ order: TestOrder) -> TestOutcome {
    if isInProcess { return TestChild.perform(order) { _, _ in } }
    // Without its own handler a Swift crash ends by its signal, at once.
    var environment = ProcessInfo.processInfo.environment
    environment["SWIFT_BACKTRACE"] = "enable=no"
    do throws(DMTError) {
      var child = try ChildProcess(
        executable: executable, arguments: order.arguments, environment: environment.map { "\($0.key)=\($0.value)" },
        limitMilliseconds: limitMilliseconds)
      return interpret(child.wait())
    } catch {
      return .failed(error.message)
    }
  }

  private func interpret(_ end: ChildProcess.Outcome) -> TestOutcome {
    var phase = "it started"
    var fault: String?
    var outcome: TestOutcome?
    for line in end.output.split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: line, as: UTF8.self)
      guard let space = text.firstIndex(of: " ") else { continue }
      let rest = String(text[text.index(after: space)...])
      switch text[..<space] {
      case "phase": phase = rest
      case "fault": fault = rest
      case "result": outcome = try? JSONDecoder().decode(TestOutcome.self, from: Data(rest.utf8))
      default: break
      }
    }
    if end.timedOut {
      return broken("it did not finish within \(limitMilliseconds) ms, while \(phase)", end)
    }
    if end.signal != 0 {
      let name = signalName(end.signal)
      return broken("it crashed (\(name)\(fault.map { ": " + $0 } ?? "")) while \(phase)", end)
    }
    guard let outcome, end.exitCode == 0 else {
      return broken("it ended the process with status \(end.exitCode) while \(phase)", end)
    }
    return outcome
  }

  private func broken(_ reason: String, _ end: ChildProcess.Outcome) -> TestOutcome {
    var outcome = TestOutcome.failed(reason)
    let lines = String(decoding: end.errorTail, as: UTF8.self).split(separator: "\n").suffix(3)
    if !lines.isEmpty { outcome.notes.append("it printed: " + lines.joined(separator: " / ")) }
    return outcome
  }
}
