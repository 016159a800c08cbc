public import DMTCases
public import DMTCore
public import DMTRuntime
import DMTReference
import Foundation

/// Tries modules without a manifest, data or a library: what they expand into, their gradients, their cases.
///
/// For the tests of a plugin that brings modules. Operators run on the reference backend.
public struct ModuleTrial: Sendable {
  /// Operators, modules and kernels: those of every build and the modules on trial.
  public let components: Components

  /// - Parameter modules: what the plugin brings.
  public init(_ modules: any Module...) {
    components = Components.builtin.adding(Components(modules: modules))
  }

  /// Expands a module.
  ///
  /// - Parameter inputs: shapes by the names that cases use (`x`, `dense`, `first_order`), their batch in front.
  /// - Throws: what the module, or an operator that it applies, throws.
  public func expand(
    _ module: String, _ attributes: Attributes = [:], inputs: KeyValuePairs<String, [Int]>
  ) throws(DMTError) -> ModuleExpansion {
    let composer = GraphComposer(components: components)
    let values = inputs.map { name, dims in
      composer.input(name, shape: Shape([Shape.batch] + dims.dropFirst()), needsGradient: true)
    }
    let output = try composer.module(module, name: "", attributes: attributes, inputs: values)
    return ModuleExpansion(graph: composer.graph, output: try composer.shape(of: output))
  }

  /// Compares a module's gradients with central differences in double, of every input and parameter.
  ///
  /// - Parameter inputs: as in ``expand(_:_:inputs:)``, the batch filled in.
  /// - Throws: what the expansion or a kernel throws.
  public func checkGradients(
    of module: String, _ attributes: Attributes = [:], inputs: KeyValuePairs<String, [Int]>, seed: UInt64 = 3
  ) throws(DMTError) -> GradientCheck.Outcome {
    var tensors: [String: CaseTensor] = [:]
    for (name, dims) in inputs { tensors[name] = .random(Shape(dims), name: name, seed: seed) }
    var parameters: [String: CaseTensor] = [:]
    for parameter in try expand(module, attributes, inputs: inputs).graph.parameters {
      parameters[parameter.name] = .random(parameter.shape, name: parameter.name, seed: seed)
    }
    let request = ModuleCaseRequest(
      module: module, attributes: attributes, dtype: .float64, inputs: tensors, parameters: parameters,
      backends: [ReferenceBackend()])
    var function = try ModuleFunction(request, on: ModuleExecutor(components: components))
    return try GradientCheck().run(&function, at: function.point)
  }

  /// Runs the case files of a module, `module-NAME-..`, in the order of their names.
  ///
  /// - Throws: ``DMTError/Code/io`` when the folder cannot be read.
  public func runCases(of module: String, folder: String) throws(DMTError) -> [CaseResult] {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      throw DMTError(.io, "the cases in \(folder) cannot be read: \(error.localizedDescription)")
    }
    let runner = CaseRunner(
      backends: [ReferenceBackend()], embeddings: [], updates: [], modules: ModuleExecutor(components: components))
    return names.filter { $0.hasPrefix("module-\(module)-") && $0.hasSuffix(".safetensors") }.sorted()
      .map { runner.run(path: "\(folder)/\($0)") }
  }
}

/// What a module expanded into.
public struct ModuleExpansion: Sendable {
  public let graph: Graph
  /// The shape of the result, its batch open.
  public let output: Shape

  /// `out.weight [8, 24]` for every parameter, in the order in which they were made.
  public var parameters: [String] { graph.parameters.map { "\($0.name) \($0.shape)" } }

  /// The operators of the nodes, in their order.
  public var operators: [String] { graph.nodes.map(\.op.name) }

  /// Multiply-accumulates a sample, forward.
  public var cost: Double { graph.nodes.reduce(0) { $0 + $1.signature.cost.forward } }
}
