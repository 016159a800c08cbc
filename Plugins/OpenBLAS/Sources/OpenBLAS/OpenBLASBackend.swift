public import DMTPluginKit

/// OpenBLAS's matrix products for linear, matmul, cross, fm and dot_interaction.
public struct OpenBLASBackend: MachineAwareBackend {
  public let name = "openblas"

  public init() {}

  public func probe(_ cpu: dmt_cpu) -> BackendProbe {
    let kernels = LibraryKernels.current
    if let refusal = kernels.refusal(on: cpu) {
      return BackendProbe(score: 0, reason: refusal, library: LibraryThreads.description)
    }
    if let weakness = kernels.weakness(on: cpu) {
      return BackendProbe(score: 20, reason: weakness, library: LibraryThreads.description)
    }
    return BackendProbe(
      score: 60, reason: "OpenBLAS runs its \(kernels.core) kernels, which suit this CPU",
      library: LibraryThreads.description)
  }

  public func setThreads(_ threads: Int) { LibraryThreads.allow(threads) }

  public func support(for request: KernelRequest) -> KernelSupport {
    if let reason = Self.refusal(of: request) { return KernelSupport(score: 0, reason: reason) }
    if let weakness = LibraryKernels.current.weakness(on: PluginContext.cpu) {
      return KernelSupport(score: 30, reason: weakness)
    }
    switch request.op {
    case "linear":
      return KernelSupport(score: 70, reason: "OpenBLAS sgemm, bias and activation on each piece behind its product")
    case "cross": return KernelSupport(score: 70, reason: "OpenBLAS sgemm, the rest on each piece behind its product")
    default: return KernelSupport(score: 70, reason: "OpenBLAS sgemm for every sample, samples on the host's threads")
    }
  }

  public func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel {
    if let reason = Self.refusal(of: request) {
      throw DMTError(.unsupported, "backend openblas: \(reason)", remedy: "let another backend serve this node")
    }
    switch request.op {
    case "linear": return try LinearKernel(request: request)
    case "matmul": return try MatmulKernel(request: request)
    case "cross": return try CrossKernel(request: request)
    case "fm": return try FMKernel(request: request)
    case "dot_interaction": return try DotInteractionKernel(request: request)
    default: throw DMTError(.unsupported, "backend openblas does not know operator '\(request.op)'")
    }
  }

  /// Why a request is not served; nil: it is.
  private static func refusal(of request: KernelRequest) -> String? {
    guard ["linear", "matmul", "cross", "fm", "dot_interaction"].contains(request.op) else {
      return "does not know operator '\(request.op)'"
    }
    if request.revision != 1 { return "serves revision 1 of \(request.op), found \(request.revision)" }
    if request.dtype != .float32 { return "serves float32, found \(request.dtype.rawValue)" }
    if let reason = RequestCheck.reason(against: request) { return reason }
    for shape in request.inputs + request.outputs + request.parameters {
      // linear's leading axes are one extent of its product.
      if shape.dims.dropLast().reduce(1, { max($0, 1) * max($1, 1) }) > Int(Int32.max)
        || shape.dims.contains(where: { $0 > Int(Int32.max) })
      {
        return "serves extents of 32 bits, found \(shape)"
      }
    }
    return nil
  }
}
