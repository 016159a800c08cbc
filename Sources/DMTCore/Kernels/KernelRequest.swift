/// What a backend is asked to bind: an operator at known shapes.
public struct KernelRequest: Sendable, Hashable {
  /// Name of the operator.
  public var op: String
  public var revision: Int
  /// Element type of all float tensors of the node.
  public var dtype: DType
  /// Shapes with the batch filled in.
  public var inputs: [Shape]
  public var parameters: [Shape]
  public var outputs: [Shape]
  /// Validated, defaults filled in.
  public var attributes: Attributes
  /// Threads that a call may use.
  public var threads: Int
  /// Backward will be run too.
  public var isTraining: Bool
  /// Bit i: backward will want the gradient of input i.
  public var wantedInputGradients: UInt64

  public init(
    op: String, revision: Int = 1, dtype: DType = .float32, inputs: [Shape], parameters: [Shape] = [],
    outputs: [Shape], attributes: Attributes = Attributes(), threads: Int = 1, isTraining: Bool = true,
    wantedInputGradients: UInt64 = .max
  ) {
    self.op = op
    self.revision = revision
    self.dtype = dtype
    self.inputs = inputs
    self.parameters = parameters
    self.outputs = outputs
    self.attributes = attributes
    self.threads = threads
    self.isTraining = isTraining
    self.wantedInputGradients = wantedInputGradients
  }
}

/// Whether and how well a backend serves a request.
public struct KernelSupport: Sendable, Hashable {
  /// 0: not served. Otherwise how well; 100 is a kernel made for this operator and machine.
  public var score: Int
  /// Why, in one sentence for `dmt explain`.
  public var reason: String

  public init(score: Int, reason: String) {
    self.score = score
    self.reason = reason
  }

  public var isServed: Bool { score > 0 }
}
