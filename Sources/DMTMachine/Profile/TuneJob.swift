public import DMTCore
import DMTData
import DMTManifest
public import DMTRuntime
public import DMTTraining

/// Measures a pipeline's model on a batch of its own training data.
public struct TuneJob {
  public var pipeline: Pipeline
  public var policy: BackendPolicy
  public var threads: Int
  public var effort: ModelTuner.Effort

  public init(pipeline: Pipeline, policy: BackendPolicy, threads: Int, effort: ModelTuner.Effort) {
    self.pipeline = pipeline
    self.policy = policy
    self.threads = threads
    self.effort = effort
  }

  /// Measures.
  ///
  /// - Throws: ``DMTError/Code/cancelled`` after an interrupt; ``DMTError/Code/invalidArgument`` without a training sample.
  public func run(
    progress: @escaping (String) -> Void, shouldStop: @escaping () -> Bool = { InterruptFlag.isRaised }
  ) throws(DMTError) -> ModelTuner.Result {
    let model = try pipeline.makeModel(policy: policy, threads: threads, forTraining: true)
    let batches = try pipeline.trainingBatches(1)
    return try ModelTuner(model, effort: effort, progress: progress, shouldStop: shouldStop).run(batches[0])
  }
}

extension Pipeline {
  /// The first batches that training reads; fewer where an epoch has fewer.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` when there is no sample to train on.
  func trainingBatches(_ count: Int) throws(DMTError) -> [Batch] {
    let samples = dataset.samples(of: .train)
    guard samples.count > 0 else {
      throw DMTError(.invalidArgument, "the data have no sample in train", place: manifest.data.place)
    }
    let order = BatchOrder(
      sampleCount: samples.count, batchSize: manifest.train.batch, seed: manifest.train.seed,
      shuffle: manifest.train.shuffle)
    return (0..<min(count, order.batchCount)).map { number in
      let batch = samples.makeBatch()
      samples.fill(batch, from: order.places(ofBatch: number), of: order)
      return batch
    }
  }
}
