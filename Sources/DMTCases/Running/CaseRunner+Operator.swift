import DMTCore

/// A case's tensors in the order of an operator's schema.
struct OperatorArguments {
  let inputNames: [String]
  let inputs: [CaseTensor]
  let parameters: [CaseTensor]
  let signature: OperatorSignature
  let attributes: Attributes

  /// - Throws: ``DMTError/Code/invalidData`` when the case lacks a tensor, has one too many or of another shape.
  init(_ file: CaseFile, _ schema: any Operator) throws(DMTError) {
    inputNames = (0..<max(file.inputs.count, schema.inputNames.count)).map {
      $0 < schema.inputNames.count ? schema.inputNames[$0] : String($0)
    }
    var inputs: [CaseTensor] = []
    for name in inputNames {
      guard let tensor = file.inputs[name] else {
        throw CaseError.invalid(
          "it has no 'input.\(name)', which operator \(schema.name) needs; it has \(file.inputs.keys.sorted())")
      }
      inputs.append(tensor)
    }
    self.inputs = inputs
    (signature, attributes) = try schema.checkedSignature(inputs: inputs.map(\.shape), attributes: file.attributes)
    parameters = try Self.parameters(file, signature)
    guard file.outputs.count == 1, let output = file.outputs["out"], signature.outputs.count == 1 else {
      throw CaseError.invalid("it has the outputs \(file.outputs.keys.sorted()), expected one, 'output.out'")
    }
    guard signature.outputs[0] == output.shape else {
      throw CaseError.invalid("'output.out' is \(output.shape), operator \(schema.name) makes \(signature.outputs[0])")
    }
  }

  static func parameters(_ file: CaseFile, _ signature: OperatorSignature) throws(DMTError) -> [CaseTensor] {
    var parameters: [CaseTensor] = []
    for spec in signature.parameters {
      guard let tensor = file.parameters[spec.name] else { throw CaseError.invalid("it has no 'param.\(spec.name)'") }
      guard tensor.shape == spec.shape else {
        throw CaseError.invalid("'param.\(spec.name)' is \(tensor.shape), expected \(spec.shape)")
      }
      parameters.append(tensor)
    }
    let known = Set(signature.parameters.map(\.name))
    if let name = file.parameters.keys.sorted().first(where: { !known.contains($0) }) {
      throw CaseError.invalid("\(file.subject) has no parameter '\(name)'; it has \(known.sorted())")
    }
    return parameters
  }
}

extension CaseRunner {
  /// Forward; backward; backward once more onto what is there; backward for each gradient alone.
  func runOperator(_ file: CaseFile, _ name: String) throws(DMTError) -> CaseResult {
    guard let schema = operators(name) else { return notServed(file, "nobody knows operator '\(name)'") }
    guard file.bags.isEmpty else { throw CaseError.invalid("operator \(name) has no jagged input") }
    let arguments = try OperatorArguments(file, schema)
    let wanted = KernelHarness.Wanted(
      inputs: arguments.inputNames.map { file.inputGradients[$0] != nil },
      parameters: arguments.signature.parameters.map { file.parameterGradients[$0.name] != nil })
    let hasBackward = wanted.inputs.contains(true) || wanted.parameters.contains(true)
    var mask: UInt64 = 0
    for (index, isWanted) in wanted.inputs.enumerated() where isWanted && index < 64 { mask |= 1 << UInt64(index) }
    let request = KernelRequest(
      op: name, revision: schema.revision, inputs: arguments.inputs.map(\.shape),
      parameters: arguments.parameters.map(\.shape), outputs: arguments.signature.outputs,
      attributes: arguments.attributes, threads: threads, isTraining: hasBackward, wantedInputGradients: mask)
    let choice = choose(backends, for: file, name: \.name, support: { $0.support(for: request) })
    guard let backend = choice.chosen else { return choice.refusal }

    var checks: [TensorCheck] = []
    do throws(DMTError) {
      let harness = try KernelHarness(request, signature: arguments.signature, on: backend, key: file.key)
      let comparison = OperatorComparison(file: file, arguments: arguments, harness: harness, wanted: wanted)
      checks.append(try comparison.checkForward())
      if hasBackward { checks += try comparison.checkBackward() }
    } catch {
      throw error.at(DMTError.Place(plugin: backend.name))
    }
    return finished(file, servedBy: [backend.name], checks)
  }
}

/// Compares one harness's numbers with one case's.
private struct OperatorComparison {
  let file: CaseFile
  let arguments: OperatorArguments
  let harness: KernelHarness
  let wanted: KernelHarness.Wanted

  private func forward() throws(DMTError) -> [Double] {
    try harness.forward(
      inputs: arguments.inputs.map(\.values), parameters: arguments.parameters.map(\.values), training: true)
  }

  func checkForward() throws(DMTError) -> TensorCheck {
    guard let expected = file.outputs["out"] else { throw CaseError.invalid("it has no 'output.out'") }
    return try file.compare("output.out", try forward(), with: expected)
  }

  func checkBackward() throws(DMTError) -> [TensorCheck] {
    guard let slope = file.outputGradients["out"] else { throw CaseError.invalid("it has no 'grad_output.out'") }
    let first = try harness.backward(outputGradient: slope.values, wanted: wanted, training: true)
    var checks = try compare(first)
    // Backward may use up what forward saved, so every further backward has its own forward.
    _ = try forward()
    let second = try harness.backward(outputGradient: slope.values, wanted: wanted, addingTo: first, training: true)
    checks += try compare(second, suffix: " (added)", factor: 2)
    let count = wanted.inputs.count + wanted.parameters.count
    guard (wanted.inputs + wanted.parameters).count(where: { $0 }) > 1 else { return checks }
    for alone in 0..<count where (wanted.inputs + wanted.parameters)[alone] {
      let flags = (0..<count).map { $0 == alone }
      _ = try forward()
      let gradients = try harness.backward(
        outputGradient: slope.values,
        wanted: .init(
          inputs: Array(flags.prefix(wanted.inputs.count)), parameters: Array(flags.dropFirst(wanted.inputs.count))),
        training: true)
      checks += try compare(gradients, suffix: " (alone)")
    }
    return checks
  }

  private func compare(
    _ gradients: KernelHarness.Gradients, suffix: String = "", factor: Double = 1
  ) throws(DMTError) -> [TensorCheck] {
    var checks: [TensorCheck] = []
    for (index, name) in arguments.inputNames.enumerated() {
      guard let got = gradients.inputs[index], let expected = file.inputGradients[name] else { continue }
      checks.append(try file.compare("grad_input.\(name)\(suffix)", got, with: expected, factor: factor))
    }
    for (index, spec) in arguments.signature.parameters.enumerated() {
      guard let got = gradients.parameters[index], let expected = file.parameterGradients[spec.name] else { continue }
      checks.append(try file.compare("grad_param.\(spec.name)\(suffix)", got, with: expected, factor: factor))
    }
    return checks
  }
}
