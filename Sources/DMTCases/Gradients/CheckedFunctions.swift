public import DMTCore

/// An operator on a backend in float64: sum of output times a fixed random gradient.
public struct OperatorFunction: GradientCheck.Function {
  private let harness: KernelHarness
  private let inputNames: [String]
  private let parameterNames: [String]
  private let outputGradient: [Double]
  private let wanted: KernelHarness.Wanted
  /// A random point to check at: inputs and parameters by name.
  public let point: [String: [Double]]

  /// Binds operator `schema` at these input shapes.
  ///
  /// - Parameters:
  ///   - constants: inputs without a gradient, such as labels.
  ///   - key: of the random numbers of `dropout`.
  public init(
    _ schema: any Operator, attributes: Attributes = Attributes(), inputs shapes: [Shape], constants: Set<String> = [],
    seed: UInt64 = 1, key: CaseKey = CaseKey(), on backend: any Backend
  ) throws(DMTError) {
    let (signature, validated) = try schema.checkedSignature(inputs: shapes, attributes: attributes)
    let request = KernelRequest(
      op: schema.name, revision: schema.revision, dtype: .float64, inputs: shapes,
      parameters: signature.parameters.map(\.shape), outputs: signature.outputs, attributes: validated)
    harness = try KernelHarness(request, signature: signature, on: backend, key: key)
    inputNames = shapes.indices.map {
      "input." + ($0 < schema.inputNames.count ? schema.inputNames[$0] : String($0))
    }
    parameterNames = signature.parameters.map { "param.\($0.name)" }
    wanted = KernelHarness.Wanted(
      inputs: inputNames.map { !constants.contains(String($0.dropFirst("input.".count))) },
      parameters: parameterNames.map { _ in true })
    outputGradient = CaseTensor.random(signature.outputs[0], name: "grad_output", seed: seed).values
    var point: [String: [Double]] = [:]
    for (name, shape) in zip(inputNames + parameterNames, shapes + signature.parameters.map(\.shape)) {
      point[name] = CaseTensor.random(shape, name: name, seed: seed).values
    }
    self.point = point
  }

  public mutating func value(_ point: [String: [Double]]) throws(DMTError) -> Double {
    let output = try harness.forward(
      inputs: inputNames.map { point[$0] ?? [] }, parameters: parameterNames.map { point[$0] ?? [] }, training: true)
    return zip(output, outputGradient).reduce(0) { $0 + $1.0 * $1.1 }
  }

  public mutating func gradients(_ point: [String: [Double]]) throws(DMTError) -> [String: [Double]] {
    _ = try value(point)
    let result = try harness.backward(outputGradient: outputGradient, wanted: wanted, training: true)
    var gradients: [String: [Double]] = [:]
    for (name, values) in zip(inputNames + parameterNames, result.inputs + result.parameters) {
      gradients[name] = values
    }
    return gradients
  }
}

/// A module through the runtime in float64: sum of output times a fixed random gradient.
public struct ModuleFunction: GradientCheck.Function {
  private let executor: any ModuleCaseExecutor
  private var request: ModuleCaseRequest
  private let outputGradient: CaseTensor
  private let constants: Set<String>

  /// Checks the module that `request` describes, at the point that it holds.
  ///
  /// - Parameter constants: inputs without a gradient.
  public init(
    _ request: ModuleCaseRequest, constants: Set<String> = [], seed: UInt64 = 1, on executor: any ModuleCaseExecutor
  ) throws(DMTError) {
    self.executor = executor
    self.request = request
    self.request.dtype = .float64
    self.request.outputGradient = nil
    self.constants = constants
    let run = try executor.execute(self.request)
    outputGradient = .random(run.output.shape, name: "grad_output", seed: seed)
  }

  /// The request's inputs and parameters by name.
  public var point: [String: [Double]] {
    var point: [String: [Double]] = [:]
    for (name, tensor) in request.inputs { point["input.\(name)"] = tensor.values }
    for (name, tensor) in request.parameters { point["param.\(name)"] = tensor.values }
    return point
  }

  private func moved(to point: [String: [Double]]) -> ModuleCaseRequest {
    var moved = request
    for name in request.inputs.keys { moved.inputs[name]?.values = point["input.\(name)"] ?? [] }
    for name in request.parameters.keys { moved.parameters[name]?.values = point["param.\(name)"] ?? [] }
    return moved
  }

  public mutating func value(_ point: [String: [Double]]) throws(DMTError) -> Double {
    let output = try executor.execute(moved(to: point)).output.values
    return zip(output, outputGradient.values).reduce(0) { $0 + $1.0 * $1.1 }
  }

  public mutating func gradients(_ point: [String: [Double]]) throws(DMTError) -> [String: [Double]] {
    var moved = moved(to: point)
    moved.outputGradient = outputGradient
    let run = try executor.execute(moved)
    var gradients: [String: [Double]] = [:]
    for (name, tensor) in run.inputGradients where !constants.contains(name) {
      gradients["input.\(name)"] = tensor.values
    }
    for (name, tensor) in run.parameterGradients { gradients["param.\(name)"] = tensor.values }
    return gradients
  }
}
