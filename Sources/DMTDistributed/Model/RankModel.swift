public import DMTCore
public import DMTDataflow
public import DMTRuntime

/// One rank's part of a model that is trained on many: its parts of the tables, the towers that its tower group serves, the
/// over-arch, and the dataflow that joins them.
///
/// Every rank makes the same calls in the same order. What the ranks compute together is what ``Model`` computes in one
/// process: each rank's loss gradient is seeded with its share of the global batch, after which every group sums.
public final class RankModel {
  /// The whole model.
  public let plan: ModelPlan
  /// Placement and dataflow.
  public let flow: CheckedFlow
  public let settings: Model.Settings
  /// This rank.
  public let rank: Int
  let links: RankLinks
  let overArch: DenseUnit
  /// The towers that this rank's tower group serves.
  let towers: [(tower: Int, unit: DenseUnit, reduction: DenseReduction)]
  let rankFlow: RankFlow
  let tableOptimizers: [any RankTableOptimizer]
  let overArchExchange: any DenseExchange
  private let meter = MemoryMeter()
  private let control: CollectiveCall
  private let scalar: UnsafeMutablePointer<Double>
  private var doubles = DoubleInputs()
  private var countsOfBatch: [Int]
  private var countsOfNext: [Int]
  /// This rank wants the run to end; the others learn it with the loss of the next step.
  public var wantsToStop = false
  /// Some rank wanted the run to end before the last step: every rank finds the same here.
  public private(set) var isStopAgreed = false

  /// Allocates what this rank holds; all ranks do so at the same time.
  ///
  /// - Parameters:
  ///   - isSingle: for each feature of the data whether every bag holds exactly one row number, on every rank.
  ///   - connection: this rank's access to the others.
  ///   - dense: how the ranks keep the over-arch, alike on every rank.
  ///   - lookup: when rows are looked up, alike on every rank.
  /// - Throws: ``DMTError/Code/unsupported`` for a flow that cannot be executed, or when no backend serves a part; what the
  ///   interconnect throws.
  public init(
    plan: ModelPlan, flow: CheckedFlow, isSingle: [Bool], settings: Model.Settings, components: Components,
    connection: any RankConnection, dense: DenseSharding = .replicated, lookup: LookupTiming = .synchronous
  ) throws(DMTError) {
    self.plan = plan
    self.flow = flow
    self.settings = settings
    rank = connection.rank
    let links = try RankLinks(connection, groups: flow.request.groups)
    self.links = links
    let overArch = try DenseUnit(
      graph: plan.graph, inputs: plan.overArchInputs(flow), trainOutputs: [plan.loss], predictOutputs: [plan.logits],
      settings: settings,
      components: components, meter: meter,
      groups: try ShardGroups(dense, topology: links.groups.topology, rank: links.rank))
    self.overArch = overArch
    overArchExchange =
      if let sharded = overArch.sharded {
        try ShardedExchange(sharded, links: links)
      } else {
        try DenseReduction(overArch, group: .world, links: links, purpose: "gradient of the over-arch")
      }

    var units: [Int: DenseUnit] = [:]
    var towers: [(tower: Int, unit: DenseUnit, reduction: DenseReduction)] = []
    let group = links.groups.group(of: links.rank)
    if flow.runsTowers {
      for (index, tower) in plan.towers.enumerated() where flow.request.towers[index].group == group {
        let unit = try DenseUnit(
          graph: plan.graph, inputs: [plan.embeddingOutputs[tower.input].value], trainOutputs: [tower.output],
          predictOutputs: [tower.output], settings: settings, components: components, meter: meter)
        units[index] = unit
        towers.append(
          (
            index, unit,
            try DenseReduction(unit, group: .tower, links: links, purpose: "gradient of tower '\(tower.name)'")
          ))
      }
    }
    self.towers = towers
    rankFlow = try RankFlow(
      flow,
      parts: .init(
        plan: plan, settings: settings, components: components, isSingle: isSingle, overArch: overArch,
        lookup: lookup, towers: units), links: links)
    tableOptimizers = try RankModel.tableOptimizers(
      rankFlow.lookupOfStep, flow: flow, settings: settings, components: components, links: links)
    control = try links.call(.world, .control, purpose: "a sum over all ranks")
    scalar = .allocate(capacity: 2)
    scalar.initialize(repeating: 0, count: 2)
    countsOfBatch = Array(repeating: 0, count: links.rankCount)
    countsOfNext = countsOfBatch
  }

  deinit {
    doubles.release()
    scalar.deallocate()
  }

  // MARK: - Training

  /// The numbers of samples that ranks have of a global batch.
  public static func counts(ofGlobalBatch samples: Int, ranks: Int) -> [Int] {
    (0..<ranks).map { BatchShare.places(of: $0, of: ranks, samples: samples).count }
  }

  /// Forward, backward and update on one global batch, of which `batch` is this rank's part.
  ///
  /// - Parameters:
  ///   - counts: samples of every rank; nil: equal parts of the global batch.
  ///   - next: this rank's part of the next global batch, whose row numbers travel while this one is computed; its counts are
  ///     equal parts. Not on some ranks alone. With semi-synchronous lookups it is looked up before this one's update.
  ///   - step: number of the update, from 1.
  /// - Returns: the mean loss of the global batch before the update.
  /// - Throws: ``DMTError/Code/notFinite`` on every rank when the loss is not a number; nothing is updated then.
  public func trainStep(
    _ batch: Batch, counts: [Int]? = nil, next: Batch? = nil, learningRateScale: Double = 1, step: Int
  ) throws(DMTError) -> Double {
    guard let optimizer = settings.optimizer, let tableOptimizer = settings.tableOptimizer else {
      throw DMTError(.invalidArgument, "the model was built without an optimizer, it can only predict")
    }
    setCounts(batch, counts)
    // A global batch without samples changes nothing, as in one process.
    guard countsOfBatch.contains(where: { $0 > 0 }) else { return 0 }
    let loss = try forwardBackward(batch, counts: counts, next: next, step: step)
    guard loss.isFinite else {
      throw DMTError(
        .notFinite, "the loss is \(DMTError.text(loss))", place: .init(step: step),
        remedy: "lower the learning rate, clip the gradient (`train.clip_norm`), or look for extreme values in the data"
      )
    }
    var scale = 1.0
    if let limit = settings.clipNorm { scale = try clipScale(limit: limit, step: step) }
    let rate = optimizer.learningRate * learningRateScale
    // What ranks have to tell each other travels while they update what needs nobody else; those tables come first.
    let tableRate = tableOptimizer.learningRate * learningRateScale
    for tables in tableOptimizers { try tables.begin(learningRate: tableRate, gradientScale: scale, step: step) }
    for tables in tableOptimizers { try tables.update(learningRate: tableRate, gradientScale: scale, step: step) }
    if settings.clipNorm == nil { try waitForDenseGradients() }
    try overArch.optimizer?.update(learningRate: rate, gradientScale: scale, step: step)
    overArchExchange.parametersChanged()
    for tower in towers {
      try tower.unit.optimizer?.update(learningRate: rate, gradientScale: scale, step: step)
    }
    try rankFlow.advance()
    return loss
  }

  /// Forward and backward; dense gradients may still be travelling afterwards (``waitForDenseGradients()``).
  func forwardBackward(_ batch: Batch, counts: [Int]?, next: Batch?, step: Int) throws(DMTError) -> Double {
    setCounts(batch, counts)
    if let next {
      // What was begun of this batch may hold the array of its counts; the other one is free to be written to.
      if countsOfBatch == countsOfNext { swap(&countsOfBatch, &countsOfNext) }
      Self.setEqualCounts(next, &countsOfNext)
    }
    let context = FlowContext(batch: batch, counts: countsOfBatch, isTraining: true, step: step)
    let samples = countsOfBatch.reduce(0, +)
    // A batch without samples is never computed.
    let ahead = next.flatMap { $0.globalCount > 0 ? (batch: $0, counts: countsOfNext) : nil }
    try overArchExchange.beginForward()
    try rankFlow.forward(context, next: ahead)
    try rankFlow.advance()
    for tower in towers { tower.reduction.beginBackward() }
    /// Where lookups are semi-synchronous, the next batch's, with tables that this batch does not change any more before.
    func lookAhead() throws(DMTError) {
      guard let ahead else { return }
      try rankFlow.lookAhead(
        FlowContext(batch: ahead.batch, counts: ahead.counts, isTraining: true, step: step + 1))
    }
    if batch.count > 0, let loss = overArch.value(plan.loss) {
      let program = try forwardOverArch(context)
      let share = Double(batch.count) / Double(samples)
      scalar[0] = read(program.memory(of: loss)) * share
      try startControl()
      try lookAhead()
      if let seed = program.gradientMemory(of: loss) { write(share, to: seed) }
      let parameters = program.stepParameters
      try overArchExchange.beginBackward()
      try program.backward { index throws(DMTError) in
        try overArchExchange.beforeBackward(parameters[index])
      } finished: { index throws(DMTError) in
        try overArchExchange.finished(parameters[index])
      }
    } else {
      try overArchExchange.endForward()
      scalar[0] = 0
      try startControl()
      try lookAhead()
      try overArchExchange.beginBackward()
      overArchExchange.skipBackward()
    }
    try overArchExchange.startRest()
    try rankFlow.advance()
    try rankFlow.backward(context)
    for tower in towers { try tower.reduction.startRest() }
    try control.wait()
    isStopAgreed = scalar[1] > 0
    return scalar[0]
  }

  /// The loss and the wish to stop travel together.
  private func startControl() throws(DMTError) {
    scalar[1] = wantsToStop ? 1 : 0
    try control.startSum(scalar, count: 2, dtype: .float64)
  }

  /// Bytes that this rank has allocated for dense parameters so far.
  public var denseBytes: DenseBytes { DenseBytes(meter) }

  /// Bytes of embeddings and their gradients that the last step moved inside this rank, beside what collectives moved.
  package var copiedBytes: Int { rankFlow.copiedBytes }

  /// Seconds waited for other ranks so far.
  public var waitTimes: WaitTimes { links.ledger.times }

  /// Waits until the gradients of towers and over-arch are those of the global batch.
  func waitForDenseGradients() throws(DMTError) {
    try overArchExchange.wait()
    for tower in towers { try tower.reduction.wait() }
  }

  private func clipScale(limit: Double, step: Int) throws(DMTError) -> Double {
    try waitForDenseGradients()
    // Each element once, on the rank that answers for it, and tables where they lie.
    var squares = 0.0
    if overArchExchange.isAnswered { squares += overArch.optimizer?.squares() ?? 0 }
    for tower in towers where tower.reduction.isAnswered { squares += tower.unit.optimizer?.squares() ?? 0 }
    for tables in tableOptimizers { squares += try tables.squares() }
    return try GradientNorm.scale(squares: try sum(squares), limit: limit, step: step)
  }

  /// Waits for what was sent ahead and forgets it; every rank does so before its next batch is another one.
  public func discardAhead() throws(DMTError) { try rankFlow.discardAhead() }

  // MARK: - Prediction

  /// Writes the logits of this rank's samples of a global batch; every rank calls it.
  public func predict(
    _ batch: Batch, counts: [Int]? = nil, into logits: UnsafeMutablePointer<Float>
  ) throws(DMTError) {
    setCounts(batch, counts)
    let context = FlowContext(batch: batch, counts: countsOfBatch, isTraining: false, step: 0)
    try overArchExchange.beginForward()
    try rankFlow.forward(context)
    guard batch.count > 0, let value = overArch.value(plan.logits) else {
      try overArchExchange.endForward()
      return
    }
    let memory = try forwardOverArch(context).memory(of: value)
    if settings.dtype == .float64 {
      let values = memory.assumingMemoryBound(to: Double.self)
      for index in 0..<batch.count { logits[index] = Float(values[index]) }
    } else {
      logits.update(from: memory.assumingMemoryBound(to: Float.self), count: batch.count)
    }
  }

  /// A number summed over all ranks; every rank calls it.
  public func sum(_ value: Double) throws(DMTError) -> Double {
    scalar.pointee = value
    try control.startSum(scalar, count: 1, dtype: .float64)
    try control.wait()
    return scalar.pointee
  }

  // MARK: - Parts

  private func forwardOverArch(_ context: FlowContext) throws(DMTError) -> Program {
    let program = try overArch.program(context.batch.count, isTraining: context.isTraining)
    let batch = context.batch
    if settings.dtype == .float64 { doubles.fill(batch) }
    if let labels = overArch.value(plan.labels) {
      program.setInput(
        labels, settings.dtype == .float64 ? UnsafeRawPointer(doubles.labels) : UnsafeRawPointer(batch.labels))
    }
    if let dense = plan.dense.flatMap({ overArch.value($0) }) {
      program.setInput(
        dense, settings.dtype == .float64 ? UnsafeRawPointer(doubles.dense) : UnsafeRawPointer(batch.dense))
    }
    let parameters = program.stepParameters
    try program.forward(overArch.context(context, samples: UnsafePointer(batch.sampleNumbers))) {
      index throws(DMTError) in
      try overArchExchange.beforeForward(parameters[index])
    }
    try overArchExchange.endForward()
    return program
  }

  private func setCounts(_ batch: Batch, _ counts: [Int]?) {
    if let counts {
      countsOfBatch = counts
    } else {
      Self.setEqualCounts(batch, &countsOfBatch)
    }
  }

  private static func setEqualCounts(_ batch: Batch, _ counts: inout [Int]) {
    for rank in counts.indices {
      let count = BatchShare.places(of: rank, of: counts.count, samples: batch.globalCount).count
      // Others may hold the array: it is copied when it is written to.
      if counts[rank] != count { counts[rank] = count }
    }
  }

  private func read(_ memory: UnsafeMutableRawPointer) -> Double {
    settings.dtype == .float64 ? memory.load(as: Double.self) : Double(memory.load(as: Float.self))
  }

  private func write(_ value: Double, to memory: UnsafeMutableRawPointer) {
    if settings.dtype == .float64 {
      memory.storeBytes(of: value, as: Double.self)
    } else {
      memory.storeBytes(of: Float(value), as: Float.self)
    }
  }
}
