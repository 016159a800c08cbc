internal import DMTCore
internal import DMTPluginHost
internal import DMTReference

/// The kernels of the component under test at shapes that it serves.
struct KernelWorkloads {
  /// What is served, the smallest of every operator first.
  let served: [KernelWorkload]
  /// Operators that the component does not serve, with its reason.
  let declined: [String: String]

  /// - Throws: ``TestContext/Skipped`` when nothing is served.
  init(_ context: TestContext, _ plugin: SubjectPlugin) throws {
    let component = try context.tested()
    var served: [KernelWorkload] = []
    var declined: [String: String] = [:]
    if component.kind == "backend" {
      guard let backend = plugin.loaded.backends.first(where: { $0.name == component.id }) else {
        throw context.skip("this host does not know revision \(component.revision) of backends")
      }
      guard backend.probe.score > 0 else {
        throw context.skip("it says that it does not work on this machine: \(backend.probe.reason)")
      }
      for item in OpsetCases.all {
        guard let schema = Opset.named(item.op) else { continue }
        let workload = try KernelWorkload(
          schema, on: backend, oracle: ReferenceBackend(), attributes: item.attributes, inputs: item.inputs,
          constants: item.constants, batch: item.batch, seed: context.seed)
        context.phase("asking whether \(workload.name) is served")
        let support = workload.support
        if support.isServed { served.append(workload) } else { declined[item.op] = support.reason }
      }
    } else {
      guard let schema = plugin.loaded.operators.first(where: { $0.name == component.id }) else {
        throw context.skip("this host does not know revision \(component.revision) of operators")
      }
      (served, declined) = Self.accepted(schema, context)
    }
    guard !served.isEmpty else {
      throw context.skip(
        "it serves none of what is tried: " + (declined.sorted { $0.key < $1.key }.first?.value ?? "it gives no reason")
      )
    }
    self.served = served
    self.declined = declined
  }

  /// The smallest of each operator.
  var smallest: [KernelWorkload] {
    var seen: Set<String> = []
    return served.filter { seen.insert($0.schema.name).inserted }
  }

  /// An operator of a plugin at those of the shapes below that it accepts.
  private static func accepted(
    _ schema: PluginOperator, _ context: TestContext
  ) -> (served: [KernelWorkload], declined: [String: String]) {
    let b = Shape.batch
    let candidates: [[Int]] = [[b, 5], [b, 4], [b, 3, 4], [b, 4, 4], [b], [b, 16], [b, 8, 16], [b, 2, 3, 4]]
    var served: [KernelWorkload] = []
    var declined: [String: String] = [:]
    for (index, dims) in candidates.enumerated() {
      let count = max(schema.inputNames.count, min(2, schema.maximumInputs ?? 2))
      do throws(DMTError) {
        context.phase("inferring shapes for \(count) inputs \(Shape(dims))")
        let workload = try KernelWorkload(
          schema, on: schema, oracle: nil, attributes: SchemaValues.required(schema.attributes),
          inputs: [Shape](repeating: Shape(dims), count: count), batch: index < 5 ? 5 : 33, seed: context.seed)
        let support = workload.support
        if support.isServed { served.append(workload) } else { declined[Shape(dims).description] = support.reason }
      } catch {
        declined[Shape(dims).description] = error.message
      }
    }
    return (served, declined)
  }
}
