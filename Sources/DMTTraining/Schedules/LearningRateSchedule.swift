public import DMTCore
public import DMTManifest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The factor on every learning rate at each step: warm-up(s) times the schedule's own factor(s).
///
/// With s the step from 0, S all steps of all epochs, E the steps of an epoch, W the warm-up steps:
///
/// | part | factor |
/// |---|---|
/// | warm-up | min(1, (s + 1) / W); 1 when W = 0 |
/// | constant | 1 |
/// | linear | 1 - (1 - final) s / S |
/// | step | factor^floor(s / (every E)) |
/// | cosine | final + (1 - final) (1 + cos(pi s / S)) / 2 |
/// | plateau | 1; the fall comes from ``PlateauState`` |
///
/// The factor is a function of the step alone, so a resumed run has the same rates.
public struct LearningRateSchedule: Sendable, Equatable {
  /// The shape of the schedule.
  public let kind: TrainSection.Schedule
  /// Steps of warm-up.
  public let warmupSteps: Int
  /// Steps of all epochs together.
  public let totalSteps: Int
  /// Steps of one epoch.
  public let stepsPerEpoch: Int

  /// A schedule over `epochs` epochs of `stepsPerEpoch` steps.
  ///
  /// - Throws: ``DMTError/Code/invalidManifest`` for a number that is out of range or not finite.
  public init(
    _ kind: TrainSection.Schedule, warmupSteps: Int = 0, stepsPerEpoch: Int, epochs: Int,
    place: DMTError.Place = .init()
  ) throws(DMTError) {
    func check(_ name: String, _ value: Double, _ isRight: Bool, _ expected: String) throws(DMTError) {
      guard isRight, value.isFinite else {
        throw DMTError(.invalidManifest, "schedule: '\(name)' is \(value), expected \(expected)", place: place)
      }
    }
    switch kind {
    case .constant: break
    case .linear(let final), .cosine(let final): try check("final", final, final >= 0, "a number of at least 0")
    case .step(let every, let factor):
      try check("every", every, every > 0, "a number of epochs above 0")
      try check("factor", factor, factor > 0, "a number above 0")
    case .plateau(let factor, let patience):
      try check("factor", factor, factor > 0 && factor < 1, "a number between 0 and 1")
      try check("patience", Double(patience), patience >= 0, "at least 0 evaluations")
    }
    try check("warmup_steps", Double(warmupSteps), warmupSteps >= 0, "at least 0 steps")
    let (total, overflow) = max(1, stepsPerEpoch).multipliedReportingOverflow(by: max(1, epochs))
    try check("epochs", Double(epochs), !overflow, "fewer epochs")
    self.kind = kind
    self.warmupSteps = warmupSteps
    self.totalSteps = total
    self.stepsPerEpoch = max(1, stepsPerEpoch)
  }

  /// The factor at `step` (from 0); past the last step it stays where it ends.
  public func multiplier(atStep step: Int) -> Double {
    let step = max(0, step)
    let warmup = step < warmupSteps ? (Double(step) + 1) / Double(warmupSteps) : 1
    let progress = Double(min(step, totalSteps)) / Double(totalSteps)
    switch kind {
    case .constant, .plateau: return warmup
    case .linear(let final): return warmup * (1 - (1 - final) * progress)
    case .cosine(let final): return warmup * (final + (1 - final) * (1 + cos(.pi * progress)) / 2)
    case .step(let every, let factor):
      // The small term takes up the rounding of `every` times the steps where it is no whole number.
      let falls = (Double(step) / (every * Double(stepsPerEpoch)) + 1e-9).rounded(.down)
      return warmup * pow(factor, falls)
    }
  }
}
