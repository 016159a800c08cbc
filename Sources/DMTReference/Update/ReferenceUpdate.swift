public import DMTCore

/// The reference of the dense optimizers: `sgd`, `adagrad`, `adam`, `adamw` as PyTorch's, in float32 and float64.
public struct ReferenceUpdate: UpdateBackend {
  /// `reference`.
  public let name = "reference"

  /// The one reference; it has no settings.
  public init() {}

  /// Score 1 where the request is served: every other backend goes before.
  public func support(for request: UpdateRequest) -> KernelSupport {
    guard request.dtype == .float32 || request.dtype == .float64 else {
      return KernelSupport(score: 0, reason: "the reference computes in float32 and float64")
    }
    guard ["sgd", "adagrad", "adam", "adamw"].contains(request.optimizer.name) else {
      return KernelSupport(score: 0, reason: "the reference updates dense tensors with sgd, adagrad, adam or adamw")
    }
    return KernelSupport(score: 1, reason: "plain Swift, exact, always there")
  }

  /// A plan for the request.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` when it is not served, ``DMTError/Code/invalidArgument`` for a setting
  ///   outside its bounds or a negative size.
  public func bind(_ request: UpdateRequest) throws(DMTError) -> any UpdateKernel {
    let support = support(for: request)
    guard support.isServed else {
      throw DMTError(
        .unsupported, "optimizer \(request.optimizer.name) on dense \(request.dtype) tensors: \(support.reason)")
    }
    if let size = request.sizes.first(where: { $0 < 0 }) {
      throw DMTError(.invalidArgument, "optimizer \(request.optimizer.name): a tensor has \(size) elements")
    }
    let settings = try OptimizerSettings(request.optimizer)
    let states = try request.optimizer.states().count
    return request.dtype == .float64
      ? ReferenceUpdateKernel(settings, request.sizes, states, Double.self)
      : ReferenceUpdateKernel(settings, request.sizes, states, Float.self)
  }
}
