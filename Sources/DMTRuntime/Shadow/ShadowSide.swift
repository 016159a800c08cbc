public import DMTCore

/// Who is run against a model's own backends.
public struct ShadowSide: Sendable {
  /// As it was asked for: `reference`, `com.example.fast@1.2.0`.
  public var name: String
  /// Asked in this order.
  public var backends: [any Backend]
  public var embeddings: [any EmbeddingBackend]
  /// Kernels that came with its operators, by the operator's name.
  public var operatorKernels: [String: any Backend]

  public init(
    name: String, backends: [any Backend], embeddings: [any EmbeddingBackend] = [],
    operatorKernels: [String: any Backend] = [:]
  ) {
    self.name = name
    self.backends = backends
    self.embeddings = embeddings
    self.operatorKernels = operatorKernels
  }

  /// The first that serves a node, or why nobody does.
  func backend(for request: KernelRequest) -> (backend: (any Backend)?, reason: String) {
    var reasons: [String] = []
    for backend in (operatorKernels[request.op].map { [$0] } ?? []) + backends {
      let support = backend.support(for: request)
      if support.isServed { return (backend, support.reason) }
      reasons.append(support.reason)
    }
    return (nil, reasons.isEmpty ? "has no backend" : reasons.joined(separator: "; "))
  }
}
