import DMTCore

extension CaseRunner {
  /// `embedding_bag`: forward, dedup and row gradients, which are spread to the gradient of the whole table.
  func runEmbeddingBag(_ file: CaseFile) throws(DMTError) -> CaseResult {
    guard let schema = operators("embedding_bag") else { return notServed(file, "nobody knows embedding_bag") }
    guard let bags = file.bags["indices"], file.bags.count == 1, file.inputs.isEmpty else {
      throw CaseError.invalid("it needs one jagged input, 'input.indices.values' and 'input.indices.offsets'")
    }
    let (signature, attributes) = try schema.checkedSignature(inputs: [[bags.count]], attributes: file.attributes)
    let weights = try OperatorArguments.parameters(file, signature)[0]
    guard let output = file.outputs["out"], file.outputs.count == 1, output.shape == signature.outputs[0] else {
      throw CaseError.invalid("it needs one output, 'output.out' of shape \(signature.outputs[0])")
    }
    let pooling: Pooling = try attributes.string("pooling", default: "sum") == "mean" ? .mean : .sum
    let request = EmbeddingHarness.request(
      TableShape(rows: weights.shape[0], dim: weights.shape[1]), pooling: pooling, threads: threads)
    let choice = choose(embeddings, for: file, name: \.name, support: { $0.support(for: request) })
    guard let backend = choice.chosen else { return choice.refusal }
    do throws(DMTError) {
      let harness = try EmbeddingHarness(weights: weights, pooling: pooling, threads: threads, on: backend)
      var checks = [try file.compare("output.out", try harness.forward(bags), with: output)]
      if let expected = file.parameterGradients["weight"], let slope = file.outputGradients["out"] {
        let dense = try harness.denseGradient(bags, outputGradient: slope.values)
        checks.append(try file.compare("grad_param.weight", dense, with: expected))
      }
      return finished(file, servedBy: [backend.name], checks)
    } catch {
      throw error.at(DMTError.Place(plugin: backend.name))
    }
  }

  /// An optimizer on the rows of a table: every entry is a bag of one row.
  func runTable(_ file: CaseFile, _ name: String) throws(DMTError) -> CaseResult {
    let optimizer = try file.optimizer(name)
    guard let weights = file.parameters[CaseFile.parameterName], weights.shape.rank == 2 else {
      throw CaseError.invalid("it has no table 'param'")
    }
    let request = EmbeddingHarness.request(
      TableShape(rows: weights.shape[0], dim: weights.shape[1]), optimizer: optimizer, threads: threads)
    let choice = choose(embeddings, for: file, name: \.name, support: { $0.support(for: request) })
    guard let backend = choice.chosen else { return choice.refusal }
    do throws(DMTError) {
      let harness = try EmbeddingHarness(weights: weights, optimizer: optimizer, threads: threads, on: backend)
      var checks: [TensorCheck] = []
      for (number, step) in file.steps.enumerated() {
        let rows = step.rows ?? []
        let bags = CaseBags(values: rows, offsets: (0...Int64(rows.count)).map { $0 })
        try harness.update(
          bags, outputGradient: step.gradient.values, learningRate: optimizer.learningRate, step: Int64(number + 1))
        checks.append(try file.compare("expected.\(number)", harness.values, with: step.expected))
      }
      return finished(file, servedBy: [backend.name], checks)
    } catch {
      throw error.at(DMTError.Place(plugin: backend.name))
    }
  }
}

extension CaseFile {
  /// The optimizer of this name with the case's settings.
  func optimizer(_ name: String) throws(DMTError) -> OptimizerSpec {
    guard attributes["lr"] != nil else { throw CaseError.invalid("its attributes have no 'lr'") }
    var settings = attributes
    settings["lr"] = nil
    let spec = OptimizerSpec(
      name: name, learningRate: try attributes.double("lr", default: 0), attributes: settings)
    _ = try spec.states()
    return spec
  }
}
