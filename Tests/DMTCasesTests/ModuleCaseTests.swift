import DMTCases
import DMTCore
import DMTReference
import Testing

/// Executes one module, `gain`: out = w x x, element by element, with w [1].
private struct GainExecutor: ModuleCaseExecutor {
  /// Multiplies the gradients: 1 is right.
  var gradientFactor = 1.0

  func execute(_ request: ModuleCaseRequest) throws(DMTError) -> ModuleCaseRun {
    guard request.module == "gain" else { throw DMTError(.unsupported, "nobody knows module \(request.module)") }
    guard let x = request.inputs["x"], let w = request.parameters["w"]?.values.first else {
      throw DMTError(.invalidArgument, "gain needs x and w")
    }
    var run = ModuleCaseRun(
      output: CaseTensor(shape: x.shape, values: x.values.map { w * $0 * $0 }), servedBy: ["swift"])
    if let slope = request.outputGradient {
      run.inputGradients["x"] = CaseTensor(
        shape: x.shape, values: zip(x.values, slope.values).map { 2 * w * $0 * $1 * gradientFactor })
      run.parameterGradients["w"] = CaseTensor(
        shape: [1], values: [zip(x.values, slope.values).reduce(0) { $0 + $1.0 * $1.0 * $1.1 } * gradientFactor])
    }
    return run
  }
}

@Suite struct ModuleCaseTests {
  private func makeCase(module: String = "gain", gradient: String = "grad_input.x") throws -> WrittenFile {
    try WrittenFile(
      [
        ("input.x", .floats([1, 2, 3], [3])), ("param.w", .floats([0.5], [1])),
        ("grad_output.out", .floats([1, 1, 2], [3])), ("output.out", .floats([0.5, 2, 4.5], [3])),
        (gradient, .floats([1, 2, 6], [3])),
      ], metadata: ["case": "1", "module": module, "attrs": "{}", "rtol": "1e-6", "atol": "1e-6"])
  }

  private func runner(_ modules: (any ModuleCaseExecutor)?) -> CaseRunner {
    CaseRunner(backends: [ReferenceBackend()], embeddings: [], updates: [], modules: modules)
  }

  @Test func aModuleIsComparedThroughItsExecutor() throws {
    let file = try makeCase()
    let result = runner(GainExecutor()).run(path: file.path)
    #expect(result.passed, "\(CaseReport([result]).table())")
    #expect(result.servedBy == ["swift"])
    #expect(result.tensors.map(\.tensor) == ["output.out", "grad_input.x"])
    #expect(runner(GainExecutor(gradientFactor: 1.01)).run(path: file.path).outcome == .missed)
  }

  @Test func aModuleThatNobodyExpandsIsNotServed() throws {
    let (file, other) = (try makeCase(), try makeCase(module: "loss"))
    #expect(runner(nil).run(path: file.path).outcome == .notServed)
    let result = runner(GainExecutor()).run(path: other.path)
    #expect(result.outcome == .notServed)
    #expect(result.message == "nobody knows module loss")
  }

  @Test func theGradientCheckFindsAWrongModule() throws {
    let request = ModuleCaseRequest(
      module: "gain", inputs: ["x": .random([4, 3], name: "x")], parameters: ["w": .random([1], name: "w")],
      backends: [])
    var right = try ModuleFunction(request, on: GainExecutor())
    let good = try GradientCheck().run(&right, at: right.point)
    #expect(good.passed && good.checked == 13)
    var wrong = try ModuleFunction(request, on: GainExecutor(gradientFactor: 1.001))
    let bad = try GradientCheck().run(&wrong, at: wrong.point)
    #expect(!bad.passed)
    #expect(bad.misses.contains { $0.tensor == "param.w" })
  }

  @Test func aLargeTensorIsCheckedInPart() throws {
    var check = GradientCheck()
    check.maximumElements = 10
    let request = ModuleCaseRequest(
      module: "gain", inputs: ["x": .random([40, 3], name: "x")], parameters: ["w": .random([1], name: "w")],
      backends: [])
    var function = try ModuleFunction(request, constants: ["y"], on: GainExecutor())
    #expect(try check.run(&function, at: function.point).checked == 11)
  }
}
