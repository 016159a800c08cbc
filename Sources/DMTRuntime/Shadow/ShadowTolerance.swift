public import DMTCore

/// By how much two backends may differ in one node, as a share of the tensor's largest number.
///
/// Sums in another order, or with products fused into them, differ in their last bits: by more the more terms they have.
/// A wrong kernel differs by much more.
public enum ShadowTolerance {
  /// The share for an operator's results.
  public static func forward(_ op: String, _ dtype: DType) -> Double { share(op, dtype).forward }

  /// The share for its gradients.
  ///
  /// A parameter's gradient adds up the samples of a batch, which can cancel: there the share is of the larger of two numbers,
  /// the gradient's largest, and what sqrt(rows) terms of the largest size would add up to.
  public static func backward(_ op: String, _ dtype: DType) -> Double { share(op, dtype).backward }

  /// The share for pooled embeddings, and for gradients of a table's rows.
  public static func tables(_ dtype: DType) -> (forward: Double, backward: Double) {
    dtype == .float64 ? (1e-12, 1e-12) : (1e-6, 1e-5)
  }

  private static func share(_ op: String, _ dtype: DType) -> (forward: Double, backward: Double) {
    if dtype == .float64 { return (1e-12, 1e-11) }
    switch op {
    case "concat", "slice", "reshape", "transpose": return (0, 1e-6)
    case "add", "sub", "mul", "scale", "relu", "dropout": return (1e-6, 1e-5)
    case "sigmoid", "tanh", "gelu", "softmax", "layer_norm", "reduce_sum", "reduce_mean", "bce_with_logits":
      return (1e-5, 2e-5)
    case "linear", "matmul", "cross", "fm", "dot_interaction": return (2e-5, 5e-5)
    // A plugin's own operator.
    default: return (1e-4, 1e-4)
    }
  }
}
