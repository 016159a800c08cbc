public import DMTCore
import DMTDistributed

/// Measures a model on a set of samples; its memory is used again from one evaluation to the next.
public final class Evaluator {
  private var accumulator = MetricAccumulator(scale: .logits)
  private var logits: [Float] = []

  /// An evaluator without memory yet.
  public init() {}

  /// The figures of `model` over one epoch of `batches`, from its first batch on.
  ///
  /// - Throws: ``DMTError/Code/notFinite`` for a prediction that is NaN or infinite; what model and source throw.
  public static func evaluate(
    _ model: any TrainableModel, on batches: any BatchSource
  ) throws(DMTError) -> EvaluationResult {
    let result = try Evaluator().evaluate(model, on: batches, shouldStop: { false })
    // Only shouldStop ends an evaluation without a result.
    return result ?? EvaluationResult(examples: 0)
  }

  /// The figures of `model` over one epoch of `batches`, or nil when `shouldStop` was true between two batches.
  ///
  /// - Throws: as ``evaluate(_:on:)``.
  public func evaluate(
    _ model: any TrainableModel, on batches: any BatchSource, shouldStop: () -> Bool
  ) throws(DMTError) -> EvaluationResult? {
    accumulator.removeAll()
    accumulator.reserveCapacity(batches.sampleCount)
    batches.seek(epoch: 0, batchNumber: 0)
    let ranked = model as? any RankedModel
    while let batch = try batches.next() {
      defer { batches.recycle(batch) }
      if shouldStop() { return nil }
      if let ranked {
        let all = try ranked.predictGlobal(batch)
        try accumulator.add(all.logits, labels: all.labels, count: all.count)
        continue
      }
      if logits.count < batch.count { logits = [Float](repeating: 0, count: batch.count) }
      try logits.withUnsafeMutableBufferPointer { (logits) throws(DMTError) in
        guard let memory = logits.baseAddress, batch.count > 0 else { return }
        try model.predict(batch, into: memory)
        try accumulator.add(UnsafePointer(memory), labels: UnsafePointer(batch.labels), count: batch.count)
      }
    }
    return accumulator.result()
  }
}
