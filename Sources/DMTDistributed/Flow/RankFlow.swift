import DMTCore
import DMTDataflow
import DMTRuntime

/// Embeddings at the end of their way: the input of a tower or of the over-arch.
struct ArrivedEmbeddings {
  /// Index in the plan's ``ModelPlan/embeddingOutputs``.
  var output: Int
  /// The ranks whose samples the rows are, in order.
  var samples: [Int]
  /// [samples, columns], row-major.
  var memory: UnsafeMutableRawPointer
  var columns: Int
}

/// A rank's part of a checked dataflow, ready to run: exchanges, lookups, collectives, towers, and the end.
///
/// Steps that only rename (permute, transpose, join, cast) are folded into the copies of the steps around them: a lookup
/// writes where the next collective sends from, and a collective's result is read where it came in.
final class RankFlow {
  /// The model's parts that a flow runs through.
  struct Parts {
    var plan: ModelPlan
    var settings: Model.Settings
    var components: Components
    /// For each feature of the model whether every bag holds exactly one row number.
    var isSingle: [Bool]
    var overArch: DenseUnit
    var lookup: LookupTiming
    /// The towers that this rank's tower group serves, by index.
    var towers: [Int: DenseUnit]
  }

  let flow: CheckedFlow
  /// One; two where the next batch begins before this one's update.
  private let runs: [FlowRun]
  /// What the last batch was computed with.
  private var current: FlowRun
  private let exchanges: [IndexExchange]

  /// By step, where this rank looks something up.
  var lookupOfStep: [Int: LookupStage] { runs[0].lookupOfStep }
  /// In the order of the steps.
  var lookups: [LookupStage] { lookupOfStep.sorted { $0.key < $1.key }.map(\.value) }

  /// Shared with the stages, which read it while they run.
  final class Received {
    var slots: [IndexExchange.Slot?] = []
    var batch: Batch?
    /// Sees the embeddings where they arrive; nil: nobody looks.
    var observer: ((ArrivedEmbeddings) -> Void)?
  }

  init(_ flow: CheckedFlow, parts: Parts, links: RankLinks) throws(DMTError) {
    self.flow = flow
    let run = try FlowRun(flow, parts: parts, links: links)
    current = run
    exchanges = run.exchanges
    switch parts.lookup {
    case .synchronous: runs = [run]
    case .semiSynchronous: runs = [run, try FlowRun(flow, parts: parts, links: links, twin: run)]
    }
  }

  /// Sends the row numbers of a batch ahead; every rank does so in the same order.
  func announce(_ batch: Batch, counts: [Int]) throws(DMTError) {
    guard exchanges.contains(where: { !$0.isUnderWay(batch) }) else { return }
    for exchange in exchanges { try exchange.completeStarts() }
    for exchange in exchanges { try exchange.start(batch, counts: counts) }
  }

  /// Lets exchanges that are under way go on, in their order.
  func advance() throws(DMTError) {
    for exchange in exchanges { guard try exchange.advance() else { return } }
  }

  /// Waits for what is under way for later batches and forgets it.
  func discardAhead() throws(DMTError) {
    for run in runs { try run.discard() }
    for exchange in exchanges { try exchange.completeStarts() }
    for exchange in exchanges { try exchange.discard() }
  }

  /// From row numbers to the inputs of the over-arch.
  ///
  /// - Parameter next: the batch after this one, whose row numbers travel meanwhile, with the samples of every rank.
  func forward(_ context: FlowContext, next: (batch: Batch, counts: [Int])? = nil) throws(DMTError) {
    if let run = runs.first(where: { $0.begun?.batch === context.batch }) {
      current = run
      guard run.begun?.counts == context.counts else {
        throw DMTError(.invalidArgument, "a batch was looked up ahead with other numbers of samples")
      }
      if let next { try announce(next.batch, counts: next.counts) }
    } else {
      current = try idleRun()
      current.releaseRowNumbers()
      try announce(context.batch, counts: context.counts)
      try current.receive(context.batch)
      if let next { try announce(next.batch, counts: next.counts) }
      try current.begin(context)
    }
    try current.forward(context)
  }

  /// Looks the next batch up, whose row numbers were sent, and starts its first collectives: before the update of the batch that is
  /// computed. Not where lookups are synchronous.
  func lookAhead(_ context: FlowContext) throws(DMTError) {
    guard let other = runs.first(where: { $0 !== current }) else { return }
    guard other.begun == nil else {
      throw DMTError(.internalError, "a batch was looked up ahead and not computed")
    }
    other.releaseRowNumbers()
    try other.receive(context.batch)
    try other.begin(context)
  }

  /// A run that holds no batch that is still to be computed.
  private func idleRun() throws(DMTError) -> FlowRun {
    guard let run = runs.first(where: { $0.begun == nil }) else {
      throw DMTError(.internalError, "two batches were looked up ahead, at most one can be")
    }
    return run
  }

  /// From the gradients of the over-arch's inputs to those of the lookups.
  func backward(_ context: FlowContext) throws(DMTError) { try current.backward(context) }

  /// Sees the embeddings of every step where they arrive, before a tower or the over-arch reads them.
  func observe(_ observer: ((ArrivedEmbeddings) -> Void)?) {
    for run in runs { run.received.observer = observer }
  }

  /// Bytes that the last step moved inside this rank, collectives' own excepted.
  var copiedBytes: Int { current.stages.reduce(0) { $0 + $1.copiedBytes } }
}
