import CDMTPlugin
import DMTCore

extension Program {
  /// The nodes that the outputs depend on, in order.
  static func liveNodes(_ graph: Graph, outputs: [Int]) -> [Int] {
    var needed = Set(outputs)
    var live: [Int] = []
    for index in graph.nodes.indices.reversed() where graph.nodes[index].outputs.contains(where: needed.contains) {
      live.append(index)
      needed.formUnion(graph.nodes[index].inputs)
    }
    return live.reversed()
  }

  /// What a backend is asked for a node at a batch size.
  static func kernelRequest(
    _ node: Graph.Node, in graph: Graph, batch: Int, dtype: DType, threads: Int, isTraining: Bool,
    needsGradient: [Bool]
  ) -> KernelRequest {
    let needsBackward = isTraining && node.outputs.contains { needsGradient[$0] }
    return KernelRequest(
      op: node.op.name, revision: node.op.revision, dtype: dtype,
      inputs: node.inputs.map { graph.values[$0].shape.resolved(batch: batch) },
      parameters: node.parameters.map { graph.parameters[$0].shape },
      outputs: node.outputs.map { graph.values[$0].shape.resolved(batch: batch) }, attributes: node.attributes,
      threads: threads, isTraining: needsBackward,
      wantedInputGradients: needsBackward ? graph.wantedInputGradients(of: node, needsGradient: needsGradient) : 0)
  }

  /// A plan for a node from the backend that serves it.
  static func bind(
    _ node: Graph.Node, _ request: Request, needsGradient: [Bool], components: Components
  ) throws(DMTError) -> (kernel: any Kernel, backend: String) {
    let kernelRequest = kernelRequest(
      node, in: request.graph, batch: request.batch, dtype: request.dtype, threads: request.threads,
      isTraining: request.isTraining, needsGradient: needsGradient)
    let choice = try request.policy.choose(node: node.name, request: kernelRequest, components: components)
    do {
      return (try choice.backend.bind(kernelRequest), choice.backend.name)
    } catch {
      throw error.at(.init(component: choice.backend.name, phase: "bind", node: node.name))
    }
  }

  /// Decides for every step which gradients it overwrites and which it adds to, last node first.
  ///
  /// - Returns: storages whose gradient is wanted and written by nobody.
  static func planGradients(
    steps: [ProgramStep], graph: Graph, map: StorageMap, needs: [Bool], outputs: [Int]
  ) -> [Int] {
    var written = Set(outputs.map { map.storage[$0] })
    var zeros: [Int] = []
    var buffers = 0
    for step in steps.reversed() {
      let node = step.node
      guard node.outputs.contains(where: { needs[$0] && written.contains(map.storage[$0]) }) else { continue }
      step.runsBackward = true
      // A result whose gradient nobody wrote counts as zero.
      for output in node.outputs where !written.contains(map.storage[output]) {
        zeros.append(map.storage[output])
        written.insert(map.storage[output])
      }
      var own: Set<Int> = []
      for (index, input) in node.inputs.enumerated() where needs[input] {
        let storage = map.storage[input]
        if own.contains(storage) {
          step.duplicates.append(
            .init(input: index, storage: storage, buffer: buffers, elements: 0))
          buffers += 1
          continue
        }
        own.insert(storage)
        if written.contains(storage) { step.accumulateInputs |= 1 << UInt64(index) }
        written.insert(storage)
      }
    }
    for (index, value) in graph.values.enumerated() where value.source == .input(needsGradient: true) {
      if !written.contains(map.storage[index]) { zeros.append(map.storage[index]) }
    }
    return zeros
  }
}

extension ProgramStep {
  /// Lets forward, and backward where it reads it, find input `input` at `memory`.
  func setInput(_ input: Int, _ memory: UnsafeMutableRawPointer) {
    inputs[input] = UnsafeRawPointer(memory)
    if node.signature.backwardReadsInputs & (1 << UInt64(input)) != 0 {
      backwardInputs[input] = UnsafeRawPointer(memory)
    }
  }

  /// Writes the addresses of the step's tensors into its calls.
  func link(to program: Program, index: Int) {
    let layout = program.layout
    let base = program.arena.base
    for (input, value) in node.inputs.enumerated() {
      let storage = program.map.storage[value]
      setInput(input, program.address(ofStorage: storage))
      gradInputs[input] = nil
      if runsBackward, program.layout.wantsGradient[value], let offset = layout.gradientOffset[storage] {
        gradInputs[input] = base + offset
      }
    }
    for duplicate in duplicates { gradInputs[duplicate.input] = base + layout.duplicateOffset[duplicate.buffer] }
    for (output, value) in node.outputs.enumerated() {
      let storage = program.map.storage[value]
      outputs[output] = program.address(ofStorage: storage)
      if node.signature.backwardReadsOutputs & (1 << UInt64(output)) != 0 { backwardOutputs[output] = outputs[output] }
      gradOutputs[output] = layout.gradientOffset[storage].map { UnsafeRawPointer(base + $0) }
    }
    for (position, parameter) in node.parameters.enumerated() {
      parameters[position] = UnsafeRawPointer(program.parameters.value(parameter))
      gradParameters[position] = program.parameters.gradient(parameter)
    }
    let saved = kernel.savedBytes > 0 ? base + layout.savedOffset[index] : nil
    let scratch = kernel.scratchBytes > 0 ? base + layout.scratchOffset : nil
    for call in [forwardCall, backwardCall] {
      call.pointee.saved = saved
      call.pointee.scratch = scratch
    }
    backwardCall.pointee.accumulate_inputs = accumulateInputs
  }
}
