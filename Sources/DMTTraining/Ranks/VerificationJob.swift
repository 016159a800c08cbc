public import DMTCore
import DMTData
public import DMTDistributed
public import DMTManifest
public import DMTRuntime

/// A verification of a manifest's model on batches of its own training data.
public struct VerificationJob {
  public var loaded: LoadedManifest
  public var components: Components
  public var policy: BackendPolicy
  /// An embedded interconnect.
  public var interconnect: any Interconnect
  public var topology: Topology
  /// nil: the manifest's.
  public var strategy: String?
  public var steps: Int
  /// Samples of the largest global batch.
  public var batch: Int

  public init(
    loaded: LoadedManifest, components: Components, policy: BackendPolicy, interconnect: any Interconnect,
    topology: Topology, strategy: String? = nil, steps: Int = 3, batch: Int = 96
  ) {
    self.loaded = loaded
    self.components = components
    self.policy = policy
    self.interconnect = interconnect
    self.topology = topology
    self.strategy = strategy
    self.steps = steps
    self.batch = batch
  }

  /// What a narrow wire type rounds off, as shares of the tensors' largest numbers.
  public struct WireError: Sendable, Encodable {
    public var forward: String
    public var backward: String
    public var embeddings: Double
    public var gradients: Double
  }

  /// What came of it.
  public struct Result: Sendable, Encodable {
    public var report: VerificationReport
    /// Samples of the global batches.
    public var batches: [Int]
    /// nil: the manifest's wire type is the model's own.
    public var wire: WireError?
  }

  /// Runs all checks with the model's own wire type, and measures what the manifest's costs.
  ///
  /// - Parameter progress: hears a line at the beginning of each part.
  /// - Throws: errors of the data, the model and the placement; what either side throws while it computes.
  public func run(progress: (String) -> Void = { _ in }) throws(DMTError) -> Result {
    let pipeline = try Pipeline(loaded, components: components)
    let batches = self.batches(of: pipeline)
    var verification = try verification(pipeline, batches, wire: .native)
    var result = Result(
      report: try verification.run { progress("checking \($0)") }, batches: batches.map(\.count))
    let section = pipeline.manifest.sharding
    if section.forwardWire != .native || section.backwardWire != .native {
      progress("measuring the wire's rounding")
      verification = try self.verification(pipeline, batches, wire: nil)
      let rounded = try verification.run([.embeddings, .float32])
      func worst(_ check: VerificationReport.Check, _ prefix: String) -> Double {
        rounded.items.filter { $0.check == check && $0.tensor.hasPrefix(prefix) }
          .map { $0.magnitude > 0 ? $0.error / $0.magnitude : $0.error }.max() ?? 0
      }
      result.wire = WireError(
        forward: section.forwardWire.name, backward: section.backwardWire.name,
        embeddings: worst(.embeddings, "embeddings"), gradients: worst(.float32, "gradient"))
    }
    return result
  }

  private func verification(
    _ pipeline: Pipeline, _ batches: [Batch], wire: WireType?
  ) throws(DMTError) -> Verification {
    let plan = try pipeline.distributed(over: topology, strategy: strategy, wire: wire)
    return Verification(
      plan: pipeline.plan, flow: plan.flow, strategy: plan.strategy, isSingle: plan.isSingle,
      settings: pipeline.modelSettings(policy: policy, threads: 1, forTraining: true), components: components,
      interconnect: interconnect, batches: batches,
      counts: batches.map { RankModel.counts(ofGlobalBatch: $0.count, ranks: topology.rankCount) }, dense: plan.dense,
      lookup: plan.lookup)
  }

  /// Batches of the training data: whole ones, one that is not divided evenly, one with fewer samples than ranks.
  private func batches(of pipeline: Pipeline) -> [Batch] {
    let samples = pipeline.dataset.samples(of: .train)
    let order = BatchOrder(
      sampleCount: samples.count, batchSize: batch, seed: pipeline.manifest.train.seed, shuffle: true)
    var first = 0
    return (0..<steps).map { step in
      let wanted = [batch, batch - 1, max(1, topology.rankCount - 1)][step % 3]
      let count = min(max(1, wanted), max(0, samples.count - first))
      let part = samples.makeBatch()
      samples.fill(part, from: first..<first + count, of: order)
      first = first + count < samples.count ? first + count : 0
      return part
    }
  }
}
