public import DMTCore

/// What a verification compared, tensor by tensor.
public struct VerificationReport: Sendable, Encodable {
  /// What a line is about.
  public enum Check: String, Sendable, Encodable, CaseIterable {
    /// Embeddings where they arrive, from the same tables.
    case embeddings
    /// Steps in float64 on the reference kernels: gradients, weights and optimizer states.
    case float64
    /// Gradients in float32, weights made equal before each step.
    case float32
  }

  /// A tensor under one check.
  public struct Item: Sendable, Encodable {
    public var check: Check
    /// `embeddings of user`, `gradient of over_arch.top.0.weight`, `optimizer/tables.user.weight/sum`.
    public var tensor: String
    /// The largest difference at any step, on any rank.
    public var error: Double
    /// What it may be.
    public var tolerance: Double
    /// The tensor's largest magnitude over the steps, which a relative tolerance is multiplied with; nil: the tolerance is
    /// absolute.
    public var largest: Double?
    /// The tensor's largest magnitude over the steps.
    public var magnitude: Double

    /// The error is within the tolerance; a NaN never is.
    public var isWithin: Bool { error <= tolerance * (largest ?? 1) }
  }

  public var topology: String
  public var strategy: String
  /// When rows were looked up, on the ranks and in one process.
  public var lookup: LookupTiming
  /// Steps of each check.
  public var steps: Int
  public var items: [Item] = []

  /// Every tensor is within its tolerance, and something was compared.
  public var passed: Bool { !items.isEmpty && items.allSatisfy(\.isWithin) }
}

/// How far a distributed model may be from the model in one process.
public enum VerificationTolerance {
  /// Embeddings of table- and column-wise shards, and of row-wise shards where a bag holds one row number: equal bits.
  public static let sameEmbeddings = 0.0
  /// Other row-wise shards, whose sums have another order; times the tensor's largest.
  public static let summedEmbeddings = 1e-6
  /// Gradients, weights and states after steps in float64; absolute.
  public static let float64 = 1e-9
  /// Gradients of a step in float32 from equal weights; times the tensor's largest over the steps.
  public static let float32 = 1e-5
}
