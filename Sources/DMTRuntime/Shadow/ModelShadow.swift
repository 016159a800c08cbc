public import DMTCore

/// Runs a second backend beside a model's own, node by node, on the batches that the model trains on.
///
/// Every node of the second side is given what the first side's node was given: inputs and parameters forward, gradients of the
/// outputs (and the outputs, where backward reads them) backward. So a difference belongs to the node in which it is found;
/// differences do not add up along the graph. The second side's backward works on what its own forward saved.
public final class ModelShadow {
  private let model: Model
  private let watch: ShadowWatch

  /// A shadow of `model`, which must have optimizers: batches are trained on, so that every batch meets other weights.
  public init(_ model: Model, against side: ShadowSide) throws(DMTError) {
    self.model = model
    watch = try ShadowWatch(model, side: side)
  }

  /// What was found so far.
  public var report: ShadowReport { watch.report }

  /// Runs a batch on both sides, then updates the model with the first side's gradients.
  ///
  /// - Throws: what either side throws while it computes.
  public func step(_ batch: Batch, step: Int) throws(DMTError) {
    guard batch.count > 0 else { return }
    _ = try model.forwardBackward(batch, step: step, watch: watch)
    try model.update(step: step)
    watch.report.batches += 1
    watch.report.samples += batch.count
  }
}

/// Compares at the moment when both sides' numbers are in memory.
private final class ShadowWatch: StepWatch {
  var report = ShadowReport()
  private let model: Model
  private let side: ShadowSide
  private let tables: ShadowTables
  private var program: Program?
  /// By program (a batch size has its own), then by step; nil where the other side does not serve the node.
  private var kernels: [ObjectIdentifier: [SideKernel?]] = [:]
  private var current: [SideKernel?] = []
  /// Index in the report of the nodes by name.
  private var places: [String: Int] = [:]
  private var batch: Batch?

  init(_ model: Model, side: ShadowSide) throws(DMTError) {
    self.model = model
    self.side = side
    tables = try ShadowTables(model, side: side)
    report.nodes.append(tables.node)
  }

  func begin(_ program: Program, batch: Batch) throws(DMTError) {
    self.program = program
    self.batch = batch
    if let known = kernels[ObjectIdentifier(program)] {
      current = known
    } else {
      current = try bind(program)
      kernels[ObjectIdentifier(program)] = current
    }
    if let found = try tables.compareForward(batch, program: program) { note(found, at: 0, .forward) }
  }

  func beforeForward(_ index: Int) throws(DMTError) {
    if index > 0 { try compareForward(index - 1) }
    try current[index]?.forward()
  }

  func afterForward() throws(DMTError) { try compareForward(current.count - 1) }

  func beforeBackward(_ index: Int) throws(DMTError) {
    guard let kernel = current[index], let program else { return }
    let step = kernel.step
    // Where the program adds to a gradient, both sides start from the same one.
    for input in kernel.inputCounts.indices where step.accumulateInputs & (1 << UInt64(input)) != 0 {
      if let own = kernel.gradient(ofInput: input), let theirs = step.gradInputs[input] {
        own.copyMemory(from: theirs, byteCount: kernel.inputCounts[input] * program.dtype.byteCount)
      }
    }
    try kernel.backward(readsOwnOutputs: false)
  }

  func afterBackward(_ index: Int) throws(DMTError) {
    guard let kernel = current[index], let program else { return }
    let step = kernel.step
    let dtype = program.dtype
    let tolerance = ShadowTolerance.backward(step.node.op.name, dtype)
    var worst: ShadowReport.Worst?
    func keep(_ error: Double, _ tensor: @autoclosure () -> String) {
      if worst.map({ error > $0.error }) ?? true {
        worst = .init(error: error, tolerance: tolerance, tensor: tensor(), batch: report.batches)
      }
    }
    // The program has added those gradients that were first written to buffers of their own.
    for duplicate in step.duplicates {
      let first = step.node.inputs.firstIndex { program.map.storage[$0] == duplicate.storage }
      guard let own = kernel.gradient(ofInput: duplicate.input),
        let sum = first.flatMap({ kernel.gradient(ofInput: $0) })
      else { continue }
      TensorSum.add(own, to: sum, count: duplicate.elements, dtype: dtype)
    }
    for input in kernel.inputCounts.indices {
      guard let own = kernel.gradient(ofInput: input), let theirs = step.gradInputs[input] else { continue }
      keep(
        TensorDifference.share(theirs, own, count: kernel.inputCounts[input], dtype: dtype),
        "gradient of input \(input)")
    }
    for (position, parameter) in step.node.parameters.enumerated() {
      guard let own = kernel.gradient(ofParameter: position), let theirs = step.gradParameters[position] else {
        continue
      }
      keep(
        TensorDifference.share(
          theirs, own, count: program.parameters.count(parameter), dtype: dtype,
          least: sumOfTerms(kernel, program, parameter: parameter)),
        "gradient of \(program.graph.parameters[parameter].name)")
    }
    if let worst, let place = places[step.name] { note(worst, at: place, .backward) }
  }

  func end() throws(DMTError) {
    guard let batch else { return }
    if let found = try tables.compareBackward(batch) { note(found, at: 0, .backward) }
  }

  // MARK: - Parts

  private func bind(_ program: Program) throws(DMTError) -> [SideKernel?] {
    let needs = program.graph.needsGradient
    return try program.steps.indices.map { index throws(DMTError) -> SideKernel? in
      let step = program.steps[index]
      let request = Program.kernelRequest(
        step.node, in: program.graph, batch: program.batch, dtype: program.dtype, threads: model.settings.threads,
        isTraining: true, needsGradient: needs)
      let (backend, reason) = side.backend(for: request)
      if places[step.name] == nil {
        places[step.name] = report.nodes.count
        report.nodes.append(
          .init(
            name: step.name, op: step.node.op.name, backend: step.backend, against: backend?.name,
            reason: backend == nil ? reason : nil))
      }
      return try backend.map { backend throws(DMTError) in
        try SideKernel(index, of: program, request: request, backend: backend)
      }
    }
  }

  private func compareForward(_ index: Int) throws(DMTError) {
    guard let kernel = current[index], let program, let place = places[kernel.step.name] else { return }
    var worst: ShadowReport.Worst?
    for (output, count) in kernel.outputCounts.enumerated() {
      guard let own = kernel.output(output), let theirs = kernel.step.outputs[output] else { continue }
      let error = TensorDifference.share(theirs, own, count: count, dtype: program.dtype)
      if worst.map({ error > $0.error }) ?? true {
        worst = .init(
          error: error, tolerance: ShadowTolerance.forward(kernel.step.node.op.name, program.dtype),
          tensor: kernel.outputCounts.count == 1 ? "output" : "output \(output)", batch: report.batches)
      }
    }
    if let worst { note(worst, at: place, .forward) }
  }

  /// What sqrt(rows) terms of the largest size add up to in the gradient of a parameter: a batch's samples may cancel to less.
  private func sumOfTerms(_ kernel: SideKernel, _ program: Program, parameter: Int) -> Double {
    let step = kernel.step
    func largest(_ memory: UnsafeRawPointer?, _ count: Int) -> Double {
      memory.map { TensorDifference.largest($0, count: count, dtype: program.dtype) } ?? 0
    }
    let gradient = kernel.outputCounts.enumerated().map { largest(step.gradOutputs[$0], $1) }.max() ?? 0
    let inputs = kernel.inputCounts.enumerated().map { largest(step.backwardInputs[$0], $1) }
    let isVector = program.graph.parameters[parameter].shape.rank == 1
    let factor: Double =
      switch step.node.op.name {
      case "linear": isVector ? 1 : inputs.first ?? 0
      case "cross": isVector ? inputs.first ?? 0 : inputs.reduce(1, *)
      case "fm": (inputs.first ?? 0) * (inputs.first ?? 0)
      // A vector's gradient adds the gradients of the outputs, times numbers that do not matter much here.
      default: isVector ? 1 : 0
      }
    return gradient * factor * Double(program.batch).squareRoot()
  }

  private func note(_ worst: ShadowReport.Worst, at place: Int, _ phase: ShadowReport.Phase) {
    let path: WritableKeyPath<ShadowReport.Node, ShadowReport.Worst?> = phase == .forward ? \.forward : \.backward
    if report.nodes[place][keyPath: path].map({ worst.error > $0.error }) ?? true {
      report.nodes[place][keyPath: path] = worst
    }
    if !worst.isWithin, report.first == nil {
      let node = report.nodes[place]
      report.first = .init(node: node.name, op: node.op, phase: phase, worst: worst)
    }
  }
}
