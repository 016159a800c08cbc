/// What `run.json` says about a run: what it was made by and how it ended.
public struct RunRecord: Sendable, Equatable, Codable {
  /// How a run ended.
  public struct Outcome: Sendable, Equatable, Codable {
    /// Why a run ended.
    public enum Reason: String, Sendable, Codable {
      /// All epochs are done.
      case completed
      /// Early stopping ended it.
      case earlyStopped = "early-stopped"
      /// The limit on its steps was reached; it can be continued.
      case stepLimit = "step-limit"
      /// Ctrl-C or SIGTERM; it can be continued.
      case interrupted
      /// An error ended it.
      case failed

      /// The run did all that its manifest asks for.
      public var isFinal: Bool { self == .completed || self == .earlyStopped }
    }

    /// Why it ended.
    public var reason: Reason
    /// Steps done.
    public var step: Int
    /// The best evaluation on valid, where early stopping kept one.
    public var best: BestMetric?
    /// The last evaluation on valid of the weights that were kept.
    public var valid: EvaluationResult?
    /// The evaluation on test of the weights that were kept.
    public var test: EvaluationResult?
    /// Training samples a second in the process that ended the run; evaluations are not in it.
    public var samplesPerSecond: Double?

    /// An outcome after `step` steps.
    public init(
      reason: Reason, step: Int, best: BestMetric? = nil, valid: EvaluationResult? = nil, test: EvaluationResult? = nil,
      samplesPerSecond: Double? = nil
    ) {
      self.reason = reason
      self.step = step
      self.best = best
      self.valid = valid
      self.test = test
      self.samplesPerSecond = samplesPerSecond
    }

    /// The process exit code that goes with it: 0, or 130 after Ctrl-C.
    public var exitCode: Int32 { reason == .interrupted ? 130 : 0 }
  }

  /// The format of the record.
  public var formatVersion = 1
  /// The pipeline's name.
  public var name: String
  /// The version of the program.
  public var program: String
  /// The manifest's path as it was given; relative paths in it start at its folder.
  public var manifestPath: String
  /// What the model and its training were built from.
  public var manifestFingerprint: String
  /// What the samples were read from and how.
  public var dataFingerprint: String
  /// The run's seed.
  public var seed: UInt64
  /// Threads in all.
  public var threads: Int
  /// Backend names in order of preference.
  public var backends: [String]
  /// A hash of what this machine's profile chooses; nil: there was none.
  public var profile: String?
  /// The plugins that were loaded.
  public var plugins: [PluginRecord]
  /// When the run was made, ISO 8601.
  public var createdAt: String
  /// How it ended; nil while it runs, and after a crash.
  public var outcome: Outcome?

  /// A record of a run that begins.
  public init(
    name: String, program: String, manifestPath: String, manifestFingerprint: String, dataFingerprint: String,
    seed: UInt64, threads: Int, backends: [String], profile: String? = nil, plugins: [PluginRecord], createdAt: String
  ) {
    self.name = name
    self.program = program
    self.manifestPath = manifestPath
    self.manifestFingerprint = manifestFingerprint
    self.dataFingerprint = dataFingerprint
    self.seed = seed
    self.threads = threads
    self.backends = backends
    self.profile = profile
    self.plugins = plugins
    self.createdAt = createdAt
  }

  /// What differs between this record and the one of the process that continues the run, in words.
  ///
  /// Such differences do not stop a run, but the weights may then differ in their last bits from those of an uninterrupted
  /// one.
  public func differences(from other: RunRecord) -> [String] {
    var differences: [String] = []
    if threads != other.threads { differences.append("threads: \(threads) before, \(other.threads) now") }
    if backends != other.backends {
      differences.append(
        "backends: \(backends.joined(separator: ", ")) before, \(other.backends.joined(separator: ", ")) now")
    }
    if profile != other.profile {
      differences.append("profile of the machine: \(profile ?? "none") before, \(other.profile ?? "none") now")
    }
    let now = Dictionary(other.plugins.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for plugin in plugins {
      guard let found = now[plugin.id] else {
        differences.append("plugin \(plugin.id): \(plugin.version) before, not loaded now")
        continue
      }
      if found.sha256 != plugin.sha256 {
        differences.append(
          "plugin \(plugin.id): \(plugin.version) (\(plugin.sha256.prefix(8))) before, "
            + "\(found.version) (\(found.sha256.prefix(8))) now")
      }
    }
    let before = Set(plugins.map(\.id))
    for plugin in other.plugins where !before.contains(plugin.id) {
      differences.append("plugin \(plugin.id): not loaded before, \(plugin.version) now")
    }
    return differences
  }
}
