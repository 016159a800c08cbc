internal import CDMTPlugin
internal import DMTCases
internal import DMTCore
internal import DMTRuntime

/// What a module expands into.
enum ModuleTests {
  private static let scope = ConformanceTest.Scope.components(["module"])

  static let all = [
    ConformanceTest(
      "module.expand", "It expands into a graph with finite shapes and parameters of its own names.", scope
    ) {
      context in
      let trials = try ModuleTrials(context, SubjectPlugin(context)).all
      for trial in trials {
        context.phase("expanding \(trial.name)")
        let (graph, output) = try trial.expand()
        context.expect(output.isBatched, "\(trial.name) gives \(output), whose first extent is not the batch")
        let names = graph.parameters.map(\.name)
        context.expect(Set(names).count == names.count, "\(trial.name) has a parameter twice")
        for parameter in graph.parameters where parameter.shape.elementsPerSample < 1 {
          context.fail("\(trial.name): parameter \(parameter.name) is \(parameter.shape)")
        }
      }
      context.note("accepts \(trials.map(\.inputs[0].description).joined(separator: " "))")
    },
    ConformanceTest("module.repeatable", "It expands into the same every time.", scope) { context in
      let plugin = try SubjectPlugin(context)
      let trials = try ModuleTrials(context, plugin).all
      let first = try trials.map { Self.text(try $0.run(context)) }
      // In another order: what it keeps of one expansion shows in the next.
      for (trial, expected) in zip(trials, first).reversed() {
        context.expect(Self.text(try trial.run(context)) == expected, "\(trial.name) expands into something else again")
      }
    },
    ConformanceTest("module.gradients", "It is differentiable: gradients are those of differences.", scope) { context in
      for trial in try ModuleTrials(context, SubjectPlugin(context)).all.prefix(2) {
        context.phase("differentiating \(trial.name)")
        do {
          let outcome = try trial.checkGradients(seed: context.seed, batch: 2)
          // One miss in a large check is a kink; a wrong gradient misses everywhere.
          if outcome.misses.count * 20 > outcome.checked, let miss = outcome.misses.first {
            context.fail("\(trial.name): \(miss)")
          }
        } catch let error as DMTError where error.code == .unsupported {
          throw context.skip("it uses operators that the reference does not know: \(error.message)")
        }
      }
    },
    ConformanceTest("module.errors", "A graph at NULL and what the builder refuses become errors.", scope) { context in
      let plugin = try SubjectPlugin(context)
      let component = try context.tested()
      let trial = try ModuleTrials(context, plugin).all[0]
      let table = try plugin.table(component, as: dmt_module.self).pointee
      guard let expand = table.expand else { return }
      var attributes = dmt_attrs(items: nil, count: 0)
      var output: dmt_value = -1
      let inputs = [dmt_value](repeating: 0, count: trial.inputs.count)
      context.phase("expanding into a graph at NULL")
      let (status, _) = SubjectPlugin.status {
        expand(table.ctx, nil, &attributes, inputs, Int32(inputs.count), &output)
      }
      context.expect(status != DMT_OK, "it expands into a graph at NULL")
      context.phase("expanding into a builder that refuses everything")
      var graph = dmt_graph()
      graph.struct_size = UInt32(MemoryLayout<dmt_graph>.size)
      graph.shape = { _, _, _ in DMT_RESOURCE_EXHAUSTED }
      graph.operation = { _, _, _, _, _, _, _, _, _ in DMT_RESOURCE_EXHAUSTED }
      graph.module = { _, _, _, _, _, _, _ in DMT_RESOURCE_EXHAUSTED }
      graph.constant = { _, _, _, _ in DMT_RESOURCE_EXHAUSTED }
      let (refused, _) = SubjectPlugin.status {
        expand(table.ctx, &graph, &attributes, inputs, Int32(inputs.count), &output)
      }
      context.expect(refused != DMT_OK, "it goes on when the builder refuses everything")
    },
  ]

  private static func text(_ graph: Graph) -> String {
    let nodes = graph.nodes.map { node in
      let settings = node.attributes.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      return "\(node.name) \(node.op.name) \(settings) \(node.inputs) \(node.outputs) \(node.parameters)"
    }
    let parameters = graph.parameters.map { "\($0.name) \($0.shape) \($0.initializer)" }
    return (nodes + parameters).joined(separator: "\n")
  }
}
