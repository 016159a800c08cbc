import DMTCore

extension CaseRunner {
  func runModule(_ file: CaseFile, _ name: String) throws(DMTError) -> CaseResult {
    guard let modules else { return notServed(file, "nobody here expands modules") }
    guard file.bags.isEmpty else { throw CaseError.invalid("a module's case has no jagged inputs") }
    guard file.outputs.count == 1, let output = file.outputs["out"] else {
      throw CaseError.invalid("it has the outputs \(file.outputs.keys.sorted()), expected one, 'output.out'")
    }
    let request = ModuleCaseRequest(
      module: name, attributes: file.attributes, inputs: file.inputs, parameters: file.parameters,
      outputGradient: file.outputGradients["out"], key: file.key, backends: backends)
    let run: ModuleCaseRun
    do throws(DMTError) {
      run = try modules.execute(request)
    } catch  where error.code == .unsupported {
      return notServed(file, error.message)
    }
    guard run.output.shape == output.shape else {
      throw DMTError(.shapeMismatch, "module \(name) made \(run.output.shape), the case expects \(output.shape)")
    }
    var checks = [try file.compare("output.out", run.output.values, with: output)]
    for (kind, got, expected) in [
      ("grad_input", run.inputGradients, file.inputGradients),
      ("grad_param", run.parameterGradients, file.parameterGradients),
    ] {
      for (tensor, goal) in expected.sorted(by: { $0.key < $1.key }) {
        guard let values = got[tensor] else {
          throw DMTError(
            .notFound, "module \(name) has no gradient '\(kind).\(tensor)'; it has \(got.keys.sorted())")
        }
        checks.append(try file.compare("\(kind).\(tensor)", values.values, with: goal))
      }
    }
    return finished(file, servedBy: run.servedBy, checks)
  }
}
