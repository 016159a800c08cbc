public import DMTCore

extension ModelPlan {
  /// What the model is made of, who would serve it and what it costs.
  ///
  /// Nothing is allocated: the cost of a model too large for this machine can be asked for. A FLOP count is twice the
  /// operators' multiply-accumulates, forward and backward, without the gradients of inputs that are data.
  /// - Parameter measuresActivations: also binds a training program to learn its working memory.
  /// - Throws: ``DMTError/Code/unsupported`` when nobody serves a node.
  public func explanation(
    name: String, batch: Int, settings: Model.Settings, components: Components, measuresActivations: Bool
  ) throws(DMTError) -> Explanation {
    let needs = graph.needsGradient
    let isTraining = settings.optimizer != nil
    let map = StorageMap(graph: graph, isTraining: true)
    var nodes: [Explanation.Node] = []
    var forward = 0.0
    var training = 0.0
    for (index, node) in graph.nodes.enumerated() {
      var backend = "none"
      var reason = "another shape of the same memory, nothing is computed"
      if !map.isAlias[index] {
        let request = Program.kernelRequest(
          node, in: graph, batch: batch, dtype: settings.dtype, threads: settings.threads, isTraining: isTraining,
          needsGradient: needs)
        let choice = try settings.policy.choose(node: node.name, request: request, components: components)
        (backend, reason) = (choice.backend.name, choice.reason)
      }
      let cost = node.signature.cost
      let wantsInputs = graph.wantedInputGradients(of: node, needsGradient: needs) != 0
      let flops = 2 * cost.forward
      let all = flops + 2 * ((wantsInputs ? cost.inputGradient : 0) + cost.parameterGradient)
      forward += flops
      training += all
      nodes.append(
        .init(
          name: node.name, op: node.op.name,
          inputs: node.inputs.map { "\(graph.values[$0].name) \(graph.values[$0].shape)" },
          outputs: node.outputs.map { graph.values[$0].shape.description },
          parameters: node.parameters.reduce(0) { $0 + graph.parameters[$1].shape.elementsPerSample },
          forwardFlops: flops, trainingFlops: all, backend: backend, reason: reason))
    }

    let tableOptimizer = settings.tableOptimizer
    let tableChoice = try settings.policy.choose(
      EmbeddingRequest(
        dtype: settings.dtype, tables: tables.map(\.shape), features: features, outputCount: embeddingOutputs.count,
        optimizer: tableOptimizer.flatMap { $0.updatesEveryRow || $0.rule != nil ? nil : $0 }, threads: settings.threads
      ),
      components: components)
    var update: (name: String, reason: String) = ("none", "the model only predicts")
    if let optimizer = settings.optimizer {
      let choice = try settings.policy.choose(
        UpdateRequest(
          dtype: settings.dtype, optimizer: optimizer,
          sizes: graph.parameters.map(\.shape.elementsPerSample), threads: settings.threads), components: components)
      update = (choice.backend.name, choice.reason)
    }

    let dense = graph.parameters.reduce(0) { $0 + $1.shape.elementsPerSample }
    return Explanation(
      name: name, batch: batch,
      features: features.enumerated().map { index, feature in
        .init(
          name: featureNames[batchFeatures[index]], table: tables[feature.table].name,
          pooling: feature.pooling == .mean ? "mean" : "sum",
          goesTo: graph.values[embeddingOutputs[feature.output].value].name)
      },
      tables: tables.map { .init(name: $0.name, rows: $0.shape.rows, dim: $0.shape.dim) }, nodes: nodes,
      tableBackend: tableChoice.backend.name, tableReason: tableChoice.reason, updateBackend: update.name,
      updateReason: update.reason, tableRule: tableOptimizer?.rule?.optimizer.name,
      tableRuleReason: tableOptimizer?.rule?.optimizer.summary, parameters: dense + tableElements,
      denseParameters: dense,
      tableParameters: tableElements, mflopsPerSample: training / 1e6, forwardMflopsPerSample: forward / 1e6,
      memory: try memory(
        dense: dense, settings: settings, batch: batch, components: components,
        measuresActivations: measuresActivations))
  }

  private func memory(
    dense: Int, settings: Model.Settings, batch: Int, components: Components, measuresActivations: Bool
  ) throws(DMTError) -> Explanation.Memory {
    let bytes = settings.dtype.byteCount
    var states = 0
    states += dense * (try settings.optimizer?.states().count ?? 0)
    for state in try settings.tableOptimizer?.states() ?? [] {
      states += tables.reduce(0) { $0 + ($1.shape.rows * (state.isRowwise ? 1 : $1.shape.dim)) }
    }
    if settings.tableOptimizer?.updatesEveryRow == true { states += tableElements }
    var activations: Int?
    if measuresActivations {
      let arena = Arena()
      let program = try Program(
        .init(
          graph: graph, outputs: [loss], batch: batch, isTraining: true, dtype: settings.dtype,
          threads: settings.threads, policy: settings.policy), components: components,
        parameters: ParameterStore(graph.parameters, dtype: settings.dtype, seed: settings.seed), arena: arena)
      activations = program.arenaBytes
    }
    return .init(
      tables: tableElements * bytes, parameters: dense * bytes, gradients: dense * bytes,
      optimizerState: states * bytes, activations: activations)
  }
}
