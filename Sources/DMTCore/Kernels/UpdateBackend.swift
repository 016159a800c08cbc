public import CDMTPlugin

/// What an update backend is asked to bind: all dense tensors that one optimizer updates.
public struct UpdateRequest: Sendable, Hashable {
  public var dtype: DType
  public var optimizer: OptimizerSpec
  /// Elements of each tensor.
  public var sizes: [Int]
  public var threads: Int
  public init(dtype: DType = .float32, optimizer: OptimizerSpec, sizes: [Int], threads: Int = 1) {
    self.dtype = dtype
    self.optimizer = optimizer
    self.sizes = sizes
    self.threads = threads
  }
}

/// A plan for one optimizer on all its tensors. The meaning of every field stands in `dmt/update.h`.
public protocol UpdateKernel: AnyObject {
  /// Updates parameters and states in place.
  func update(_ call: UnsafePointer<dmt_update_call>) throws(DMTError)
}

/// Optimizers on whole tensors (`dmt.update/1`).
public protocol UpdateBackend: Sendable {
  var name: String { get }
  /// Whether the request is served.
  func support(for request: UpdateRequest) -> KernelSupport
  /// A plan for the request.
  func bind(_ request: UpdateRequest) throws(DMTError) -> any UpdateKernel
}
