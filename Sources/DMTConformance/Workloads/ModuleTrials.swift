internal import DMTCases
internal import DMTCore
internal import DMTPluginHost
internal import DMTReference
internal import DMTRuntime

/// The module under test at those inputs that it accepts.
struct ModuleTrials {
  let all: [ModuleTrial]

  /// - Parameter attributes: nil: what must be given, and defaults.
  /// - Throws: ``TestContext/Skipped`` when it accepts none; what it says to given attributes.
  init(_ context: TestContext, _ plugin: SubjectPlugin, attributes given: Attributes? = nil) throws {
    let component = try context.tested()
    guard let module = plugin.loaded.modules.first(where: { $0.name == component.id }) else {
      throw context.skip("this host does not know revision \(component.revision) of modules")
    }
    let loaded = plugin.loaded
    let components = Components.builtin.adding(
      Components(
        operators: loaded.operators, modules: loaded.modules,
        operatorKernels: Dictionary(
          loaded.operators.map { ($0.name, $0 as any Backend) }, uniquingKeysWith: { first, _ in first })))
    let attributes = given ?? SchemaValues.required(module.attributes)
    var all: [ModuleTrial] = []
    var refusal: DMTError?
    for dims in [[3, 8], [4, 4], [1, 8], [8], [5], [3, 4, 2]] {
      let shape = Shape([Shape.batch] + dims)
      let trial = ModuleTrial(
        module: module, components: components, attributes: attributes,
        inputs: [Shape](repeating: shape, count: max(1, module.minimumInputs)))
      do throws(DMTError) {
        _ = try trial.expand()
        all.append(trial)
      } catch {
        refusal = refusal ?? error
        // A fault of its own is no matter of shapes.
        if error.code == .pluginFailed || error.code == .internalError { throw error }
      }
    }
    if all.isEmpty, given != nil, let refusal { throw refusal }
    guard !all.isEmpty else {
      throw context.skip("it accepts none of the inputs that are tried: \(refusal?.message ?? "")")
    }
    self.all = all
  }
}

/// A module at some inputs.
struct ModuleTrial {
  let module: PluginModule
  let components: Components
  let attributes: Attributes
  /// With the batch left open.
  let inputs: [Shape]

  var name: String { module.name + " " + inputs.map(\.description).joined(separator: " ") }

  func expand() throws(DMTError) -> (graph: Graph, output: Shape) {
    let composer = GraphComposer(components: components)
    let values = inputs.enumerated().map { composer.input("x\($0)", shape: $1, needsGradient: true) }
    let output = try composer.module(module.name, name: "", attributes: attributes, inputs: values)
    return (composer.graph, try composer.shape(of: output))
  }

  func run(_ context: TestContext) throws -> Graph {
    context.phase("expanding \(name)")
    return try expand().graph
  }

  /// Gradients against central differences in double on the reference's kernels.
  func checkGradients(seed: UInt64, batch: Int) throws(DMTError) -> GradientCheck.Outcome {
    let names = ["x", "dense", "first_order"] + (3..<max(4, inputs.count)).map { "z\($0)" }
    var tensors: [String: CaseTensor] = [:]
    for (name, shape) in zip(names, inputs) {
      tensors[name] = .random(shape.resolved(batch: batch), name: name, seed: seed)
    }
    var parameters: [String: CaseTensor] = [:]
    for parameter in try expand().graph.parameters {
      parameters[parameter.name] = .random(parameter.shape, name: parameter.name, seed: seed)
    }
    let request = ModuleCaseRequest(
      module: module.name, attributes: attributes, dtype: .float64, inputs: tensors, parameters: parameters,
      backends: [ReferenceBackend()])
    var function = try ModuleFunction(request, on: ModuleExecutor(components: components))
    var check = GradientCheck()
    check.maximumElements = 10
    check.seed = seed
    // Where a random point lies near a kink of relu the difference is off by what lies behind it.
    check.tolerance = 1e-5
    return try check.run(&function, at: function.point)
  }
}
