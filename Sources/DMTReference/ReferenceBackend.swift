public import DMTCore

/// The reference kernels: every operator of opset 1 in plain Swift, slow and exact, in float32 and float64.
///
/// They run on one thread and compute in double. They end every list of backends, and they are the oracle of the
/// others' tests.
public struct ReferenceBackend: Backend {
  /// `reference`.
  public let name = "reference"

  /// The one reference; it has no settings.
  public init() {}

  /// The operators that are served; `embedding_bag` is ``ReferenceEmbedding``'s.
  public static var operatorNames: [String] { makers.keys.sorted() }

  /// Score 1 where the request is served: every other backend goes before.
  public func support(for request: KernelRequest) -> KernelSupport {
    guard Self.makers[request.op] != nil else {
      return KernelSupport(score: 0, reason: "the reference does not know operator \(request.op)")
    }
    guard request.revision == 1 else {
      return KernelSupport(score: 0, reason: "the reference knows revision 1 of \(request.op)")
    }
    guard request.dtype == .float32 || request.dtype == .float64 else {
      return KernelSupport(score: 0, reason: "the reference computes in float32 and float64")
    }
    return KernelSupport(score: 1, reason: "plain Swift, exact, always there")
  }

  /// A plan for the request.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` when it is not served; ``DMTError/Code/shapeMismatch`` or
  ///   ``DMTError/Code/invalidArgument`` when shapes or attributes break the operator's rule.
  public func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel {
    let support = support(for: request)
    guard support.isServed, let make = Self.makers[request.op] else {
      throw DMTError(.unsupported, support.reason)
    }
    return try make(try CheckedRequest(request))
  }

  private typealias Maker = @Sendable (CheckedRequest) throws(DMTError) -> any Kernel

  private static let makers: [String: Maker] = [
    "linear": maker(LinearKernel.self),
    "matmul": maker(MatmulKernel.self),
    "add": maker(BroadcastKernel.self),
    "sub": maker(BroadcastKernel.self),
    "mul": maker(BroadcastKernel.self),
    "scale": maker(ScaleKernel.self),
    "concat": maker(ConcatKernel.self),
    "slice": maker(SliceKernel.self),
    "reshape": maker(ReshapeKernel.self),
    "transpose": maker(TransposeKernel.self),
    "reduce_sum": maker(ReduceKernel.self),
    "reduce_mean": maker(ReduceKernel.self),
    "softmax": maker(SoftmaxKernel.self),
    "relu": maker(ActivationKernel.self),
    "sigmoid": maker(ActivationKernel.self),
    "tanh": maker(ActivationKernel.self),
    "gelu": maker(ActivationKernel.self),
    "layer_norm": maker(LayerNormKernel.self),
    "dropout": maker(DropoutKernel.self),
    "dot_interaction": maker(DotInteractionKernel.self),
    "cross": maker(CrossKernel.self),
    "fm": maker(FMKernel.self),
    "bce_with_logits": maker(BCEWithLogitsKernel.self),
  ]

  private static func maker<Operation: ReferenceOperation>(_: Operation.Type) -> Maker {
    { (request: CheckedRequest) throws(DMTError) -> any Kernel in
      let operation: Operation
      do throws(DMTError) {
        operation = try Operation(request)
      } catch {
        // What an attribute is read by does not know whose attribute it is.
        var named = error
        if !named.message.hasPrefix("operator ") { named.message = "operator \(request.op): \(named.message)" }
        throw named
      }
      return request.request.dtype == .float64
        ? ReferenceKernel(operation, request, Double.self) : ReferenceKernel(operation, request, Float.self)
    }
  }
}
