/// What became of a test.
public struct TestOutcome: Sendable, Hashable, Codable {
  /// The kind of outcome.
  public enum Status: String, Sendable, Codable {
    case passed
    case failed
    /// There was nothing to try.
    case skipped
  }

  public var status: Status
  /// Why it failed or was skipped, a sentence each.
  public var reasons: [String] = []
  /// What else is worth knowing.
  public var notes: [String] = []

  static func failed(_ reason: String) -> TestOutcome { TestOutcome(status: .failed, reasons: [reason]) }
  static func skipped(_ reason: String) -> TestOutcome { TestOutcome(status: .skipped, reasons: [reason]) }
}

/// A test, what it was run on, and what became of it.
public struct TestResult: Sendable, Codable {
  /// `memory.guards`.
  public var test: String
  /// What has to hold, in a sentence.
  public var summary: String
  /// nil: the library itself.
  public var component: TestedComponent?
  public var outcome: TestOutcome
  public var seconds: Double
}
