public import DMTCore
import DMTData
import DMTManifest
public import DMTRuntime
public import DMTTraining

/// Runs a pipeline's model and a second side on the same batches of training data.
public struct ShadowJob {
  public var pipeline: Pipeline
  public var policy: BackendPolicy
  public var threads: Int
  public var side: ShadowSide
  /// Whose weights it begins with; nil: the initial ones.
  public var run: RunFolder?
  public var batches: Int

  public init(
    pipeline: Pipeline, policy: BackendPolicy, threads: Int, side: ShadowSide, run: RunFolder? = nil, batches: Int
  ) {
    self.pipeline = pipeline
    self.policy = policy
    self.threads = threads
    self.side = side
    self.run = run
    self.batches = batches
  }

  /// Runs the batches.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` when the run is of another manifest or other data;
  ///   ``DMTError/Code/cancelled`` after an interrupt; what either side throws while it computes.
  public func report(
    progress: (Int) -> Void = { _ in }, shouldStop: () -> Bool = { InterruptFlag.isRaised }
  ) throws(DMTError) -> ShadowReport {
    let model = try pipeline.makeModel(policy: policy, threads: threads, forTraining: true)
    if let run { try restore(model, from: run) }
    let shadow = try ModelShadow(model, against: side)
    for (number, batch) in try pipeline.trainingBatches(batches).enumerated() {
      guard !shouldStop() else { throw DMTError(.cancelled, "the comparison was interrupted") }
      progress(number)
      try shadow.step(batch, step: number + 1)
    }
    return shadow.report
  }

  private func restore(_ model: Model, from run: RunFolder) throws(DMTError) {
    let checkpoint = try Checkpoint(path: try run.weightsPath())
    guard checkpoint.state.manifestFingerprint == pipeline.fingerprint else {
      throw DMTError(
        .invalidArgument, "the run was trained from another manifest: features, model or train section differ",
        place: .init(file: run.path), remedy: "name the run's own manifest: \(run.manifestPath)")
    }
    guard checkpoint.state.dataFingerprint == pipeline.dataset.fingerprint else {
      throw DMTError(
        .invalidArgument, "the run was trained on other data", place: .init(file: run.path),
        remedy: "put the same files back")
    }
    try checkpoint.restore(model.trainableParameters, includesOptimizer: false)
    model.parametersChanged()
  }
}
