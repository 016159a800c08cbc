import DMTCore
import DMTRuntime

/// What one process looks up when it looks the next batch up before it updates its tables for this one.
final class LookupsAhead {
  private let model: Model
  /// Two batches in turn, for each embedding output.
  private let memory: [[GrowingMemory]]
  private var turn = 0
  private var isFilled = false

  init(_ timing: LookupTiming, _ model: Model) {
    self.model = model
    memory =
      timing == .synchronous ? [] : (0..<2).map { _ in model.plan.embeddingOutputs.map { _ in GrowingMemory() } }
  }

  /// Pools the bags of the next batch; an empty one is never computed.
  func lookUp(_ batch: Batch) throws(DMTError) {
    guard batch.count > 0 else { return }
    turn = 1 - turn
    for (index, output) in model.plan.embeddingOutputs.enumerated() {
      let target = memory[turn][index]
      target.reserve(batch.count * output.columns * model.settings.dtype.byteCount)
      model.embedding.setOutput(index, target.base)
    }
    try model.embedding.forward(batch)
    isFilled = true
  }

  /// What was pooled for the batch that is computed now, valid until the second next ``lookUp(_:)``; nil: nothing.
  func take() -> [UnsafeMutableRawPointer]? {
    defer { isFilled = false }
    return isFilled ? memory[turn].map(\.base) : nil
  }
}
