public import DMTCore

/// Expands, runs and differentiates a module: what a case of a module needs and only the runtime can do.
public protocol ModuleCaseExecutor: Sendable {
  /// Runs a module forward, and backward when `request` has an output gradient.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` when the module is unknown or none of the request's backends serves one of
  ///   its nodes (the case is then reported as not served); any other error fails the case.
  func execute(_ request: ModuleCaseRequest) throws(DMTError) -> ModuleCaseRun
}

/// What is to be run of a module.
public struct ModuleCaseRequest: Sendable {
  /// The module's name.
  public var module: String
  /// As the case states them, without defaults.
  public var attributes: Attributes
  /// float32 for cases, float64 for gradient checks.
  public var dtype: DType
  /// By the names of the cases (`x`, `dense`, `first_order`); the first extent is the batch.
  public var inputs: [String: CaseTensor]
  /// By the module's own names: `0.weight`.
  public var parameters: [String: CaseTensor]
  /// The gradient of the result; nil: forward alone.
  public var outputGradient: CaseTensor?
  /// The key of the random numbers.
  public var key: CaseKey
  /// Who may serve the nodes, the best first.
  public var backends: [any Backend]

  public init(
    module: String, attributes: Attributes = Attributes(), dtype: DType = .float32, inputs: [String: CaseTensor],
    parameters: [String: CaseTensor] = [:], outputGradient: CaseTensor? = nil, key: CaseKey = CaseKey(),
    backends: [any Backend]
  ) {
    self.module = module
    self.attributes = attributes
    self.dtype = dtype
    self.inputs = inputs
    self.parameters = parameters
    self.outputGradient = outputGradient
    self.key = key
    self.backends = backends
  }
}

/// What came out of a module.
public struct ModuleCaseRun: Sendable {
  public var output: CaseTensor
  /// With an output gradient: the gradient of every input.
  public var inputGradients: [String: CaseTensor]
  /// With an output gradient: the gradient of every parameter.
  public var parameterGradients: [String: CaseTensor]
  /// Names of the backends that served the nodes, in the order of first use.
  public var servedBy: [String]

  public init(
    output: CaseTensor, inputGradients: [String: CaseTensor] = [:], parameterGradients: [String: CaseTensor] = [:],
    servedBy: [String] = []
  ) {
    self.output = output
    self.inputGradients = inputGradients
    self.parameterGradients = parameterGradients
    self.servedBy = servedBy
  }
}
