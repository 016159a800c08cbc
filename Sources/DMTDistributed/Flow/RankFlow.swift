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
    /// The towers that this rank's tower group serves, by index.
    var towers: [Int: DenseUnit]
  }

  let flow: CheckedFlow
  /// By step, where this rank looks something up.
  let lookupOfStep: [Int: LookupStage]
  /// In the order of the steps.
  var lookups: [LookupStage] { lookupOfStep.sorted { $0.key < $1.key }.map(\.value) }
  private let stages: [FlowStage]
  private let exchanges: [IndexExchange]
  /// What the exchanges brought for the batch that is computed.
  private let received: Received

  /// Shared with the stages, which read it while they run.
  final class Received {
    var slots: [IndexExchange.Slot?] = []
    var batch: Batch?
    /// Sees the embeddings where they arrive; nil: nobody looks.
    var observer: ((ArrivedEmbeddings) -> Void)?
  }

  init(_ flow: CheckedFlow, parts: Parts, links: RankLinks) throws(DMTError) {
    self.flow = flow
    var compiler = FlowCompiler(flow: flow, parts: parts, links: links)
    try compiler.compile()
    stages = compiler.stages
    lookupOfStep = compiler.lookups
    exchanges = compiler.exchanges
    received = compiler.received
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

  /// Waits for exchanges that are under way and forgets what they bring.
  func discardAhead() throws(DMTError) {
    for exchange in exchanges { try exchange.completeStarts() }
    for exchange in exchanges { try exchange.discard() }
  }

  /// From row numbers to the inputs of the over-arch.
  ///
  /// - Parameter next: the batch after this one, whose row numbers travel meanwhile, with the samples of every rank.
  func forward(_ context: FlowContext, next: (batch: Batch, counts: [Int])? = nil) throws(DMTError) {
    try announce(context.batch, counts: context.counts)
    received.batch = context.batch
    for exchange in exchanges { try exchange.completeStarts() }
    for (index, exchange) in exchanges.enumerated() { received.slots[index] = try exchange.finish(context.batch) }
    if let next { try announce(next.batch, counts: next.counts) }
    for stage in stages { try stage.forward(context) }
  }

  /// From the gradients of the over-arch's inputs to those of the lookups.
  func backward(_ context: FlowContext) throws(DMTError) {
    for stage in stages { stage.prepareBackward() }
    for index in stages.indices.reversed() { try stages[index].backward(context) }
  }

  /// Sees the embeddings of every step where they arrive, before a tower or the over-arch reads them.
  func observe(_ observer: ((ArrivedEmbeddings) -> Void)?) { received.observer = observer }

  /// Bytes that the last step moved inside this rank, collectives' own excepted.
  var copiedBytes: Int { stages.reduce(0) { $0 + $1.copiedBytes } }
}
