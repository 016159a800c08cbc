public import DMTCore

/// Measures every operator of a model on every backend that may serve it, at the model's own shapes, and says who shall.
///
/// Nodes are timed while a batch of real data runs through the model: each backend's kernel reads the node's real inputs and
/// parameters and writes memory of its own, forward and then backward, with the parameters new at every run as after an update.
/// Equal nodes are timed once. Tables and the dense optimizer are timed too.
///
/// A kernel that is the fastest alone need not be in a whole step, where others have used caches and threads before it. So at
/// last whole steps are timed by turns, one with what was chosen and one with each backend in front; where one of these is
/// faster by more than the noise, its choice stands.
public final class ModelTuner {
  /// How much is measured.
  public struct Effort: Sendable {
    /// Samples of every backend that can win.
    public var rounds: Int
    /// Seconds of one of them.
    public var sampleSeconds: Double

    /// What a profile that is kept deserves.
    public static let full = Effort(rounds: 15, sampleSeconds: 0.004)
    /// A first impression.
    public static let quick = Effort(rounds: 5, sampleSeconds: 0.001)
  }

  /// What was found.
  public struct Result: Sendable, Encodable {
    /// The choices, and how long everybody took.
    public var profile: BackendProfile
    /// Whole forward and backward steps of the dense part: `tuned`, and each backend in front of the others; fastest first.
    public var steps: [BackendProfile.Timing]
    /// Samples of the batch.
    public var batch: Int
  }

  /// A backend stays where another is faster by less than this: it would be the noise that chooses.
  static let margin = 0.03
  static let tunedName = "tuned"

  private let model: Model
  private let timer: AlternatingTimer
  private let progress: (String) -> Void
  /// The model's policy without any profile: who serves where nothing was measured.
  private var usual: BackendPolicy

  /// - Parameters:
  ///   - model: its weights and optimizer states are worthless afterwards.
  ///   - progress: hears what is measured next.
  ///   - shouldStop: asked between two samples; true ends the measurement.
  public init(
    _ model: Model, effort: Effort, progress: @escaping (String) -> Void = { _ in },
    shouldStop: @escaping () -> Bool = { false }
  ) {
    self.model = model
    self.progress = progress
    usual = model.settings.policy
    usual.profile = nil
    timer = AlternatingTimer(rounds: effort.rounds, sampleSeconds: effort.sampleSeconds, shouldStop: shouldStop)
  }

  /// Measures on one batch.
  ///
  /// - Throws: ``DMTError/Code/cancelled`` when it was stopped; what a kernel throws.
  public func run(_ batch: Batch) throws(DMTError) -> Result {
    guard batch.count > 0 else { throw DMTError(.invalidArgument, "there is no sample to measure with") }
    let nodes = NodeTimer(
      model, components: model.components, usual: usual, timer: timer, margin: Self.margin, progress: progress)
    _ = try model.forwardBackward(batch, step: 1, watch: nodes)
    var profile = BackendProfile(threads: model.settings.threads, entries: nodes.entries)
    let steps = try StepTimer(model, usual: usual, timer: timer, progress: progress).measure(batch, profile: profile)
    if let faster = steps.faster(by: Self.margin) { try choose(asWith: faster, in: &profile, nodes: nodes) }
    let tables = TableTimer(model, usual: usual, timer: timer, margin: Self.margin, progress: progress)
    profile.entries += try tables.measure(batch)
    return Result(profile: profile, steps: steps.timings, batch: batch.count)
  }

  /// Lets every node be served as with backend `name` in front.
  private func choose(asWith name: String, in profile: inout BackendProfile, nodes: NodeTimer) throws(DMTError) {
    let policy = usual.preferring(name, origin: "profile")
    for index in profile.entries.indices {
      guard let request = nodes.requests[profile.entries[index].key] else { continue }
      let choice = try policy.choose(
        node: profile.entries[index].nodes.first ?? "", request: request, components: model.components)
      guard choice.backend.name != profile.entries[index].backend else { continue }
      profile.entries[index].backend = choice.backend.name
      profile.entries[index].isByStep = true
    }
  }
}

extension BackendProfile {
  /// Who shall serve: the fastest, or the usual one where it loses by no more than `margin`.
  static func winner(_ timings: [Timing], usual: String, margin: Double) -> String {
    guard let best = timings.first else { return usual }
    if let own = timings.first(where: { $0.backend == usual }), own.total <= best.total * (1 + margin) { return usual }
    return best.backend
  }
}
