public import DMTRuntime

/// What a run is done with that its manifest does not say.
public struct TrainingOptions {
  /// Which backends are asked, in which order.
  public var policy: BackendPolicy
  /// The version of the program, for the record.
  public var program: String
  /// The plugins that were loaded, for the record.
  public var plugins: [PluginRecord]
  /// The run stops after this many steps in all; nil: after its last epoch.
  public var maxSteps: Int?
  /// What the run is locked to, as text, for a new run's folder.
  public var lock: String?
  /// Asked after every step and in evaluations; true ends the run with a checkpoint.
  public var shouldStop: () -> Bool
  /// Hears of everything that happens, on the calling thread.
  public var report: (TrainingEvent) -> Void

  public init(
    policy: BackendPolicy, program: String, plugins: [PluginRecord] = [], maxSteps: Int? = nil,
    lock: String? = nil, shouldStop: @escaping () -> Bool = { InterruptFlag.isRaised },
    report: @escaping (TrainingEvent) -> Void = { _ in }
  ) {
    self.policy = policy
    self.program = program
    self.plugins = plugins
    self.maxSteps = maxSteps
    self.lock = lock
    self.shouldStop = shouldStop
    self.report = report
  }
}
