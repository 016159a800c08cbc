public import DMTPluginKit

/// oneDNN's kernels for the dense operators: linear with bias and activation, matmul, layer_norm, softmax, and the
/// functions of single elements.
public struct OneDNNBackend: MachineAwareBackend {
  public let name = "onednn"

  public init() {}

  public func probe(_ cpu: dmt_cpu) -> BackendProbe {
    do {
      _ = try Library.engine()
    } catch {
      return BackendProbe(score: 0, reason: error.message, library: Library.description)
    }
    if cpu.features & UInt64(DMT_CPU_AVX512F) != 0 {
      return BackendProbe(score: 90, reason: "oneDNN compiles AVX-512 kernels here", library: Library.description)
    }
    if cpu.features & UInt64(DMT_CPU_AVX2) != 0 {
      return BackendProbe(score: 70, reason: "oneDNN compiles AVX2 kernels here", library: Library.description)
    }
    return BackendProbe(score: 40, reason: "oneDNN has no AVX2 to compile for here", library: Library.description)
  }

  public func setThreads(_ threads: Int) { LibraryThreads.allow(threads) }

  public func support(for request: KernelRequest) -> KernelSupport {
    if let reason = Self.refusal(of: request) { return KernelSupport(score: 0, reason: reason) }
    switch request.op {
    case "linear":
      return KernelSupport(score: 80, reason: "oneDNN inner product with packed weight, bias and activation fused")
    case "matmul": return KernelSupport(score: 80, reason: "oneDNN batched matmul")
    case "layer_norm": return KernelSupport(score: 80, reason: "oneDNN layer normalization")
    case "softmax": return KernelSupport(score: 80, reason: "oneDNN softmax")
    default:
      if BroadcastKernel.serves(request) {
        return KernelSupport(
          score: 30, reason: "oneDNN compiles few shapes of broadcasting and no backward: plain loops do the rest")
      }
      return KernelSupport(score: 80, reason: "oneDNN element-wise primitive")
    }
  }

  public func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel {
    if let reason = Self.refusal(of: request) {
      throw DMTError(.unsupported, "backend onednn: \(reason)", remedy: "let another backend serve this node")
    }
    switch request.op {
    case "linear": return try LinearKernel(request: request)
    case "matmul": return try MatmulKernel(request: request)
    case "layer_norm": return try LayerNormKernel(request: request)
    case "softmax": return try SoftmaxKernel(request: request)
    default:
      if let activation = Activation(rawValue: request.op) {
        return try ActivationKernel(activation, request: request)
      }
      if let operation = BinaryKernel.Operation(rawValue: request.op) {
        return BroadcastKernel.serves(request)
          ? try BroadcastKernel(operation, request: request) : try BinaryKernel(operation, request: request)
      }
      throw DMTError(.unsupported, "backend onednn does not know operator '\(request.op)'")
    }
  }

  /// Why a request is not served; nil: it is.
  private static func refusal(of request: KernelRequest) -> String? {
    let served = ["linear", "matmul", "layer_norm", "softmax", "relu", "sigmoid", "tanh", "gelu", "add", "sub", "mul"]
    guard served.contains(request.op) else { return "does not know operator '\(request.op)'" }
    if request.revision != 1 { return "serves revision 1 of \(request.op), found \(request.revision)" }
    if request.dtype != .float32 { return "serves float32, found \(request.dtype.rawValue)" }
    return RequestCheck.reason(against: request)
  }
}
