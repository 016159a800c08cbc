public import DMTCore

/// The reference of the tables: lookup, dedup and the optimizers on the rows of a batch, in float32 and float64.
///
/// Optimizers: `sgd` (without momentum), `adagrad`, `rowwise_adagrad`, `lazy_adam`. `weight_decay` times the weight is
/// added to the summed gradient of the touched rows.
public struct ReferenceEmbedding: EmbeddingBackend {
  /// `reference`.
  public let name = "reference"

  /// The one reference; it has no settings.
  public init() {}

  /// Score 1 where the request is served: every other backend goes before.
  public func support(for request: EmbeddingRequest) -> KernelSupport {
    guard request.dtype == .float32 || request.dtype == .float64 else {
      return KernelSupport(score: 0, reason: "the reference computes in float32 and float64")
    }
    if let optimizer = request.optimizer, !Self.optimizers.contains(optimizer.name) {
      return KernelSupport(
        score: 0, reason: "the reference updates rows with \(Self.optimizers.joined(separator: ", "))")
    }
    return KernelSupport(score: 1, reason: "plain Swift, exact, always there")
  }

  /// A plan for the request.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` when it is not served, ``DMTError/Code/invalidArgument`` for a table, a
  ///   feature or a setting that cannot be.
  public func bind(_ request: EmbeddingRequest) throws(DMTError) -> any EmbeddingKernel {
    let support = support(for: request)
    guard support.isServed else { throw DMTError(.unsupported, "embedding tables: \(support.reason)") }
    let plan = try EmbeddingPlan(request)
    return request.dtype == .float64
      ? ReferenceEmbeddingKernel(plan, Double.self) : ReferenceEmbeddingKernel(plan, Float.self)
  }

  private static let optimizers = ["sgd", "adagrad", "rowwise_adagrad", "lazy_adam"]
}
