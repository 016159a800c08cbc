public import CDMTPlugin
public import DMTCore

extension OperatorSignature {
  /// A copy of what a plugin's `infer` answered, every count, shape and name checked.
  ///
  /// - Parameter owner: the operator, for messages.
  /// - Throws: ``DMTError/Code/invalidArgument`` for what breaks the contract.
  public init(copying signature: UnsafePointer<dmt_signature>, owner: String) throws(DMTError) {
    let outputCount = Int(signature.pointee.output_count)
    let parameterCount = Int(signature.pointee.parameter_count)
    guard outputCount >= 1, outputCount <= Int(DMT_MAX_OUTPUTS), parameterCount >= 0,
      parameterCount <= Int(DMT_MAX_PARAMETERS)
    else {
      throw DMTError(
        .invalidArgument,
        "\(owner) answers \(outputCount) outputs and \(parameterCount) parameters, expected 1 to "
          + "\(DMT_MAX_OUTPUTS) and 0 to \(DMT_MAX_PARAMETERS)")
    }
    var outputs: [Shape] = []
    for index in 0..<outputCount {
      outputs.append(try Shape(copying: signature.output(index), "output \(index) of \(owner)"))
    }
    var parameters: [ParameterSpec] = []
    for index in 0..<parameterCount {
      parameters.append(try ParameterSpec(copying: signature.parameter(index), owner: "parameter \(index) of \(owner)"))
    }
    let names = Set(parameters.map(\.name))
    guard names.count == parameters.count else {
      throw DMTError(.invalidArgument, "\(owner) has two parameters with one name")
    }
    let macs = [
      signature.pointee.macs, signature.pointee.input_gradient_macs, signature.pointee.parameter_gradient_macs,
    ]
    guard macs.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw DMTError(.invalidArgument, "\(owner) states a cost of \(macs), expected numbers of at least 0")
    }
    self.init(
      outputs: outputs, parameters: parameters,
      cost: OperatorCost(forward: macs[0], inputGradient: macs[1], parameterGradient: macs[2]),
      backwardReadsInputs: signature.pointee.backward_reads_inputs,
      backwardReadsOutputs: signature.pointee.backward_reads_outputs)
  }

  /// Writes the signature for the other side.
  ///
  /// - Parameter text: makes texts that live long enough for the reader.
  /// - Throws: ``DMTError/Code/invalidArgument`` for more outputs, parameters or extents than the contract has room for.
  public func write(
    to signature: UnsafeMutablePointer<dmt_signature>?, owner: String, text: (String) -> dmt_str
  ) throws(DMTError) {
    guard let signature else { throw DMTError(.invalidArgument, "the place for the signature is NULL") }
    guard SizedStruct.isWhole(signature.pointee.struct_size, dmt_signature.self) else {
      throw DMTError(.invalidArgument, "the place for the signature has \(signature.pointee.struct_size) bytes")
    }
    guard outputs.count <= Int(DMT_MAX_OUTPUTS), parameters.count <= Int(DMT_MAX_PARAMETERS) else {
      throw DMTError(
        .invalidArgument,
        "\(owner) has \(outputs.count) outputs and \(parameters.count) parameters, expected at most "
          + "\(DMT_MAX_OUTPUTS) and \(DMT_MAX_PARAMETERS)")
    }
    signature.pointee.output_count = Int32(outputs.count)
    signature.pointee.parameter_count = Int32(parameters.count)
    signature.pointee.macs = cost.forward
    signature.pointee.input_gradient_macs = cost.inputGradient
    signature.pointee.parameter_gradient_macs = cost.parameterGradient
    signature.pointee.backward_reads_inputs = backwardReadsInputs
    signature.pointee.backward_reads_outputs = backwardReadsOutputs
    for (index, shape) in outputs.enumerated() { signature.outputs[index] = try shape.contractShape() }
    for (index, parameter) in parameters.enumerated() {
      signature.parameters[index] = try parameter.contractParameter(text: text)
    }
  }
}

extension ParameterSpec {
  fileprivate init(copying parameter: dmt_parameter, owner: String) throws(DMTError) {
    let name = try String(copying: parameter.name, "the name of \(owner)")
    guard !name.isEmpty else { throw DMTError(.invalidArgument, "\(owner) has no name") }
    let shape = try Shape(copying: parameter.shape, owner)
    guard !shape.dims.contains(Shape.batch) else {
      throw DMTError(.invalidArgument, "\(owner) has shape \(shape); a parameter does not depend on the batch")
    }
    let initializer: Initializer
    switch parameter.initializer {
    case DMT_INIT_ZEROS: initializer = .zeros
    case DMT_INIT_ONES: initializer = .ones
    case DMT_INIT_UNIFORM: initializer = .uniform(low: parameter.a, high: parameter.b)
    case DMT_INIT_NORMAL: initializer = .normal(mean: parameter.a, deviation: parameter.b)
    default:
      throw DMTError(.invalidArgument, "\(owner) has initializer \(parameter.initializer), expected 0 to 3")
    }
    self.init(name: name, shape: shape, initializer: initializer)
  }

  fileprivate func contractParameter(text: (String) -> dmt_str) throws(DMTError) -> dmt_parameter {
    var result = dmt_parameter()
    result.name = text(name)
    result.shape = try shape.contractShape()
    switch initializer {
    case .zeros: result.initializer = DMT_INIT_ZEROS
    case .ones: result.initializer = DMT_INIT_ONES
    case .uniform(let low, let high):
      (result.initializer, result.a, result.b) = (DMT_INIT_UNIFORM, low, high)
    case .normal(let mean, let deviation):
      (result.initializer, result.a, result.b) = (DMT_INIT_NORMAL, mean, deviation)
    }
    return result
  }
}

// Swift sees the C arrays as tuples; these see them as what they are.
extension UnsafePointer<dmt_signature> {
  fileprivate func output(_ index: Int) -> dmt_shape {
    UnsafeMutablePointer(mutating: self).outputs[index]
  }
  fileprivate func parameter(_ index: Int) -> dmt_parameter {
    UnsafeMutablePointer(mutating: self).parameters[index]
  }
}

extension UnsafeMutablePointer<dmt_signature> {
  fileprivate var outputs: UnsafeMutablePointer<dmt_shape> {
    field(\.outputs)
  }
  fileprivate var parameters: UnsafeMutablePointer<dmt_parameter> {
    field(\.parameters)
  }
  private func field<Tuple, Element>(_ path: KeyPath<dmt_signature, Tuple>) -> UnsafeMutablePointer<Element> {
    // Stored fields of a C struct always have an offset.
    let offset = MemoryLayout<dmt_signature>.offset(of: path)!
    return (UnsafeMutableRawPointer(self) + offset).assumingMemoryBound(to: Element.self)
  }
}
