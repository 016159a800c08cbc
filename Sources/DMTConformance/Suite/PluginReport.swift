/// What the tests found out about a plugin.
public struct PluginReport: Sendable, Codable {
  /// As it was named.
  public var path: String
  /// The library that was tested.
  public var library: String
  /// nil when it could not be read.
  public var id: String?
  public var version: String?
  public var results: [TestResult] = []
  /// A first test failed without which the others make no sense.
  public var isCutShort = false

  init(path: String, library: String) {
    self.path = path
    self.library = library
  }

  /// Results with this status.
  public func count(_ status: TestOutcome.Status) -> Int { results.count { $0.outcome.status == status } }

  /// No test failed.
  public var passed: Bool { count(.failed) == 0 && !isCutShort }
}

/// What the tests found out about some plugins.
public struct ConformanceReport: Sendable, Codable {
  /// Of all random inputs: `--reproduce`.
  public var seed: UInt64
  public var plugins: [PluginReport]

  public init(seed: UInt64, plugins: [PluginReport]) {
    self.seed = seed
    self.plugins = plugins
  }

  /// No test failed.
  public var passed: Bool { plugins.allSatisfy(\.passed) }
}
