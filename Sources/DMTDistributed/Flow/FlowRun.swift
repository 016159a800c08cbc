import DMTCore
import DMTDataflow

/// A rank's stages with what they hold of one batch.
///
/// Stages that wait for no other collective are *early*: they can run before their batch does. Two runs of one flow share
/// tables, exchanges and what backward needs alone, so that one can begin the next batch while the other computes.
final class FlowRun {
  let stages: [FlowStage]
  /// By step, where this rank looks something up.
  let lookupOfStep: [Int: LookupStage]
  let exchanges: [IndexExchange]
  /// What the exchanges brought for the batch.
  let received: RankFlow.Received
  private let isEarly: [Bool]
  /// The batch whose early stages have begun and that is not computed yet.
  private(set) var begun: FlowContext?

  /// - Parameter twin: a run of the same flow.
  init(
    _ flow: CheckedFlow, parts: RankFlow.Parts, links: RankLinks, twin: FlowRun? = nil
  ) throws(DMTError) {
    var compiler = FlowCompiler(flow: flow, parts: parts, links: links, twin: twin)
    try compiler.compile()
    stages = compiler.stages
    isEarly = compiler.isEarly
    lookupOfStep = compiler.lookups
    exchanges = compiler.exchanges
    received = compiler.received
  }

  /// Gives back the row numbers of the batch before.
  func releaseRowNumbers() {
    for index in received.slots.indices {
      if let slot = received.slots[index] { exchanges[index].release(slot) }
      received.slots[index] = nil
    }
  }

  /// Waits for the row numbers of a batch, which were sent.
  func receive(_ batch: Batch) throws(DMTError) {
    received.batch = batch
    for exchange in exchanges { try exchange.completeStarts() }
    for (index, exchange) in exchanges.enumerated() { received.slots[index] = try exchange.finish(batch) }
  }

  /// Looks rows up, and starts the collectives that wait for nothing else.
  func begin(_ context: FlowContext) throws(DMTError) {
    for (index, stage) in stages.enumerated() where isEarly[index] { try stage.start(context) }
    begun = context
  }

  /// Forward, from what ``begin(_:)`` has started.
  func forward(_ context: FlowContext) throws(DMTError) {
    begun = nil
    for (index, stage) in stages.enumerated() {
      if !isEarly[index] { try stage.start(context) }
      try stage.finish(context)
    }
  }

  /// Waits for what was begun and forgets it.
  func discard() throws(DMTError) {
    guard let context = begun else { return }
    begun = nil
    for (index, stage) in stages.enumerated() where isEarly[index] { try stage.finish(context) }
  }

  func backward(_ context: FlowContext) throws(DMTError) {
    for stage in stages { stage.prepareBackward() }
    // Adjoints that no other one waits for travel together.
    for index in stages.indices.reversed() where !isEarly[index] {
      try stages[index].startBackward(context)
      try stages[index].finishBackward(context)
    }
    for index in stages.indices.reversed() where isEarly[index] { try stages[index].startBackward(context) }
    for index in stages.indices.reversed() where isEarly[index] { try stages[index].finishBackward(context) }
  }
}
