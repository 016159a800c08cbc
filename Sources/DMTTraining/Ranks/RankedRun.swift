public import DMTCore
import DMTData
import DMTDataflow
import DMTDistributed
public import DMTManifest
public import DMTRuntime

/// A training run on many ranks: threads of this process, or processes of which this is one.
///
/// Every rank reads its own part of the data and runs the same loop. The run folder, its manifest, record, log and
/// checkpoints are those of a run in one process; a checkpoint does not know how many ranks wrote it.
public struct RankedRun {
  /// What the run begins with.
  public enum Beginning {
    /// A manifest, and a folder that holds no run yet unless `replacing` is true.
    case new(LoadedManifest, replacing: Bool)
    /// The folder's own manifest and its last checkpoint.
    case continued(ManifestCatalog, overrides: [String])
  }

  public var beginning: Beginning
  public var folder: RunFolder
  public var components: Components
  public var options: TrainingOptions
  /// nil: as the interconnect finds the ranks placed.
  public var topology: Topology?
  public var interconnect: any Interconnect
  /// The longest that a rank waits for another one.
  public var timeoutSeconds: Int

  public init(
    _ beginning: Beginning, in folder: RunFolder, components: Components, options: TrainingOptions,
    topology: Topology?, interconnect: any Interconnect, timeoutSeconds: Int
  ) {
    self.beginning = beginning
    self.folder = folder
    self.components = components
    self.options = options
    self.topology = topology
    self.interconnect = interconnect
    self.timeoutSeconds = timeoutSeconds
  }

  /// What came of a run.
  public struct Result: Sendable {
    public var outcome: RunRecord.Outcome
    public var topology: Topology
    /// The rank of this process; 0 where all ranks are its threads.
    public var rank: Int
    /// The strategy that placed the tables.
    public var strategy: String
    /// Elements of all parameters.
    public var parameterCount: Int
    /// The run's folder, which rank 0 chose.
    public var folder: RunFolder
  }

  /// Trains, or goes on training, until the run ends or is stopped on all ranks.
  ///
  /// - Throws: what one rank throws of itself; ``DMTError/Code/interconnectFailed`` naming rank, step and collective when
  ///   another one died or did not arrive in time. The last checkpoint is intact in every case.
  public func train() throws(DMTError) -> Result {
    let world = try interconnect.openWorld(
      rankCount: topology?.rankCount, timeoutMilliseconds: timeoutSeconds * 1000)
    let topology = try placed(world)
    guard let rank = world.ownRank else { return try trainThreads(world, topology) }
    return try trainProcess(world, topology, rank: rank)
  }

  /// The topology that was asked for, or the one that is there; both when they agree.
  private func placed(_ world: any InterconnectWorld) throws(DMTError) -> Topology {
    if world.ownRank == nil {
      guard let topology else {
        throw DMTError(.invalidArgument, "the number of ranks is not given", remedy: "say it with --ranks HOSTSxRANKS")
      }
      return topology
    }
    let found = try Topology(hostOfRank: world.hostOfRank)
    // Ranks of one machine may stand for several hosts; ranks of several hosts are what they are.
    if let topology, topology.rankCount == found.rankCount, found.hosts == 1 || topology == found { return topology }
    guard let topology, topology != found else { return found }
    throw DMTError(
      .invalidArgument, "\(topology) ranks were asked for, the launcher started \(found)",
      remedy: "start as many ranks on as many hosts, or leave --ranks out")
  }

  // MARK: - Threads

  private func trainThreads(_ world: any InterconnectWorld, _ topology: Topology) throws(DMTError) -> Result {
    let prepared = try prepare()
    let plan = try prepared.pipeline.distributed(over: topology)
    try prepared.createFolder()
    try folder.createRankLogFolder()
    let job = Job(run: self, prepared: prepared, plan: plan, ranksHere: topology.rankCount)
    let results = try RankThreads.run(topology.rankCount) { rank throws(DMTError) in
      try job.train(on: world, rank: rank)
    }
    guard let first = results.first else { throw DMTError(.internalError, "a run without ranks") }
    return Result(
      outcome: first.outcome, topology: topology, rank: 0, strategy: plan.strategy,
      parameterCount: first.parameterCount, folder: folder)
  }

  // MARK: - Processes

  private func trainProcess(
    _ world: any InterconnectWorld, _ topology: Topology, rank: Int
  ) throws(DMTError) -> Result {
    let connection = try world.connect(rank: rank)
    do throws(DMTError) {
      let control = try RankBarrier(connection, rankCount: topology.rankCount)
      var run = self
      run.folder = RunFolder(path: try control.share(folder.path))
      // Rank 0 first, so that it alone reads raw data and fills the cache, and the others find run folder and cache there.
      var prepared: PreparedRun?
      if rank == 0 {
        let own = try run.prepare()
        try own.createFolder()
        try run.folder.createRankLogFolder()
        prepared = own
      }
      try control.wait()
      let own: PreparedRun
      if let prepared { own = prepared } else { own = try run.follow() }
      let plan = try own.pipeline.distributed(over: topology)
      let result = try Job(run: run, prepared: own, plan: plan, ranksHere: topology.ranksPerHost)
        .train(connection, rank: rank)
      try control.wait()
      return Result(
        outcome: result.outcome, topology: topology, rank: rank, strategy: plan.strategy,
        parameterCount: result.parameterCount, folder: run.folder)
    } catch {
      connection.abort("rank \(rank) failed: \(error.message)")
      throw error
    }
  }

  private func prepare() throws(DMTError) -> PreparedRun {
    switch beginning {
    case .new(let loaded, let replacing):
      try .new(loaded, in: folder, components: components, options: options, replacing: replacing)
    case .continued(let catalog, let overrides):
      try .continued(folder, catalog: catalog, components: components, options: options, overrides: overrides)
    }
  }

  /// As ``prepare()`` on a rank that does not lead: the folder is there already.
  private func follow() throws(DMTError) -> PreparedRun {
    guard case .new(let loaded, _) = beginning else { return try prepare() }
    return try .new(loaded, in: folder, components: components, options: options, replacing: true)
  }
}

/// What a rank needs to train.
private struct Job: @unchecked Sendable {
  // The ranks' threads read the data, which nobody writes, and call nothing else of this at the same time.
  let run: RankedRun
  let prepared: PreparedRun
  let plan: DistributedPlan
  /// Ranks among which this machine's CPUs are shared.
  let ranksHere: Int

  struct RankResult: Sendable {
    var outcome: RunRecord.Outcome
    var parameterCount: Int
  }

  func train(on world: any InterconnectWorld, rank: Int) throws(DMTError) -> RankResult {
    let connection = try world.connect(rank: rank)
    do throws(DMTError) {
      return try train(connection, rank: rank)
    } catch {
      connection.abort("rank \(rank) failed: \(error.message)")
      throw error
    }
  }

  func train(_ connection: any RankConnection, rank: Int) throws(DMTError) -> RankResult {
    let pipeline = prepared.pipeline
    let section = pipeline.manifest.train
    let ranks = plan.flow.request.groups.topology.rankCount
    let model = try RankModel(
      plan: pipeline.plan, flow: plan.flow, isSingle: plan.isSingle,
      settings: pipeline.modelSettings(
        policy: run.options.policy, threads: max(1, prepared.record.threads / ranksHere), forTraining: true),
      components: pipeline.components, connection: connection, dense: plan.dense, lookup: plan.lookup)
    func batches(_ split: SplitName) -> SplitBatches {
      SplitBatches(pipeline.dataset.samples(of: split), batchSize: section.batch, rank: rank, rankCount: ranks)
    }
    let train = LookaheadBatches(
      SplitBatches(
        pipeline.dataset.samples(of: .train), batchSize: section.batch, seed: section.seed, shuffle: section.shuffle,
        epochs: section.epochs, rank: rank, rankCount: ranks))
    let trainable = try RankTrainable(model, train: train, wantsToStop: run.options.shouldStop)
    let report = run.options.report
    let trainer = try Trainer(
      .init(model: trainable, train: train, valid: batches(.valid), test: batches(.test)), section: section,
      folder: run.folder, record: prepared.record, maxSteps: run.options.maxSteps,
      shouldStop: { trainable.isStopAgreed }, report: rank == 0 ? report : { _ in })
    let outcome = prepared.continues ? try trainer.resume() : try trainer.start()
    try model.discardAhead()
    return RankResult(outcome: outcome, parameterCount: trainable.wholeParameterCount)
  }
}
