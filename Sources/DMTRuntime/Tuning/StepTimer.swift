import DMTCore

/// Times whole steps of a model's dense part, forward and backward, with several policies by turns.
struct StepTimer {
  /// The timings of whole steps, fastest first.
  struct Steps {
    var timings: [BackendProfile.Timing]

    /// A backend in front with which a step is faster than the tuned one by more than `margin` and the spread of both.
    func faster(by margin: Double) -> String? {
      guard let best = timings.first, best.backend != ModelTuner.tunedName,
        let tuned = timings.first(where: { $0.backend == ModelTuner.tunedName })
      else { return nil }
      let noise = max(margin, best.spread + tuned.spread)
      return tuned.total > best.total * (1 + noise) ? best.backend : nil
    }
  }

  private let model: Model
  private let usual: BackendPolicy
  private let timer: AlternatingTimer
  private let progress: (String) -> Void

  init(_ model: Model, usual: BackendPolicy, timer: AlternatingTimer, progress: @escaping (String) -> Void) {
    self.model = model
    self.usual = usual
    self.timer = timer
    self.progress = progress
  }

  /// Times a step with `profile`, and one with each backend in front that serves a node well.
  func measure(_ batch: Batch, profile: BackendProfile) throws(DMTError) -> Steps {
    var tuned = usual
    tuned.profile = profile
    var policies = [(name: ModelTuner.tunedName, policy: tuned)]
    let served = Set(profile.entries.flatMap { $0.timings.map(\.backend) })
    for name in usual.names where served.contains(name) && (name != "reference" || served.count == 1) {
      policies.append((name, usual.preferring(name, origin: "tuning")))
    }
    var contestants: [AlternatingTimer.Contestant] = []
    for (name, policy) in policies {
      let program = try Program(
        .init(
          graph: model.plan.graph, outputs: [model.plan.loss], batch: batch.count, isTraining: true,
          dtype: model.settings.dtype, threads: model.settings.threads, policy: policy),
        components: model.components, parameters: model.parameters, arena: model.arena)
      contestants.append(.init(name: name) { () throws(DMTError) in try time(program, batch) })
    }
    progress("whole steps: " + policies.map(\.name).joined(separator: ", "))
    return Steps(timings: try timer.measure(contestants))
  }

  /// A step whose inputs are looked up beforehand.
  private func time(_ program: Program, _ batch: Batch) throws(DMTError) -> (first: Double, second: Double) {
    model.parametersChanged()
    try model.lookUp(batch, for: program)
    model.setInputs(of: program, batch)
    let context = model.trainingContext(batch, step: 1)
    let forward = try AlternatingTimer.seconds { () throws(DMTError) in try program.forward(context) }
    model.seedGradient(of: program, batch)
    return (forward, try AlternatingTimer.seconds { () throws(DMTError) in try program.backward() })
  }
}
