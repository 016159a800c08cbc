public import DMTCore

/// A model in memory: it predicts and trains batch by batch.
///
/// One call at a time. A step of a batch size that has been seen before allocates nothing.
public final class Model {
  /// How a model is built.
  public struct Settings: Sendable {
    public var dtype: DType
    public var seed: UInt64
    public var threads: Int
    public var policy: BackendPolicy
    /// nil: the model only predicts; no optimizer state is allocated.
    public var optimizer: OptimizerSpec?
    public var tableOptimizer: OptimizerSpec?
    /// Largest global norm of the gradient.
    public var clipNorm: Double?

    public init(
      dtype: DType = .float32, seed: UInt64 = 1, threads: Int = 1, policy: BackendPolicy,
      optimizer: OptimizerSpec? = nil, tableOptimizer: OptimizerSpec? = nil, clipNorm: Double? = nil
    ) {
      self.dtype = dtype
      self.seed = seed
      self.threads = threads
      self.policy = policy
      self.optimizer = optimizer
      self.tableOptimizer = tableOptimizer
      self.clipNorm = clipNorm
    }
  }

  public let plan: ModelPlan
  public let settings: Settings
  public let parameters: ParameterStore
  public let tables: TableStore
  let components: Components
  let arena = Arena()
  package let embedding: EmbeddingEngine
  let optimizer: ModelOptimizer?

  var denseStates: [DenseOptimizer.State] { optimizer?.denseStates ?? [] }

  private var trainPrograms: [Int: Program] = [:]
  private var predictPrograms: [Int: Program] = [:]
  private var doubles = DoubleInputs()

  /// Allocates tables, parameters and optimizer state with their initial values.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` when no backend serves the tables or an optimizer.
  public init(plan: ModelPlan, settings: Settings, components: Components) throws(DMTError) {
    self.plan = plan
    self.settings = settings
    self.components = components
    parameters = ParameterStore(plan.graph.parameters, dtype: settings.dtype, seed: settings.seed)
    tables = try TableStore(
      plan.tables, dtype: settings.dtype, optimizer: settings.tableOptimizer, seed: settings.seed)
    embedding = try EmbeddingEngine(
      layout: plan.embeddingLayout, store: tables, settings: settings, components: components)
    optimizer = try ModelOptimizer(
      settings: settings, components: components, parameters: parameters, embedding: embedding)
  }

  deinit { doubles.release() }

  // MARK: - Training

  /// Forward, backward and update on one batch.
  ///
  /// The gradient of the mean loss is seeded with local samples / global samples, so that ranks sum.
  /// - Parameters:
  ///   - learningRateScale: the schedule's factor for both optimizers' base rates.
  ///   - step: number of the update, from 1.
  /// - Returns: the mean loss of the batch before the update; 0 for an empty one.
  /// - Throws: ``DMTError/Code/notFinite`` when the loss is not a number; nothing is updated then.
  public func trainStep(_ batch: Batch, learningRateScale: Double = 1, step: Int) throws(DMTError) -> Double {
    try trainStep(batch, pooled: nil, learningRateScale: learningRateScale, step: step)
  }

  /// The same from pooled embeddings that were looked up before.
  ///
  /// - Parameter pooled: for each of the plan's embedding outputs [samples, columns]; nil: they are looked up now.
  package func trainStep(
    _ batch: Batch, pooled: [UnsafeMutableRawPointer]?, learningRateScale: Double = 1, step: Int
  ) throws(DMTError) -> Double {
    guard let optimizer else {
      throw DMTError(.invalidArgument, "the model was built without an optimizer, it can only predict")
    }
    guard batch.count > 0 else { return 0 }
    let loss = try forwardBackward(batch, pooled: pooled, step: step)
    guard loss.isFinite else {
      throw DMTError(
        .notFinite, "the loss is \(DMTError.text(loss))", place: .init(step: step),
        remedy: "lower the learning rate, clip the gradient (`train.clip_norm`), or look for extreme values in the data"
      )
    }
    try optimizer.update(learningRateScale: learningRateScale, step: step)
    return loss
  }

  /// Forward and backward: leaves the gradients in place and returns the mean loss.
  public func forwardBackward(_ batch: Batch, step: Int) throws(DMTError) -> Double {
    try forwardBackward(batch, pooled: nil, step: step)
  }

  private func forwardBackward(
    _ batch: Batch, pooled: [UnsafeMutableRawPointer]?, step: Int
  ) throws(DMTError) -> Double {
    let program = try trainProgram(batch.count)
    try lookUp(batch, for: program)
    if let pooled {
      for (output, memory) in zip(plan.embeddingOutputs, pooled) {
        program.memory(of: output.value).copyMemory(
          from: memory, byteCount: batch.count * output.columns * settings.dtype.byteCount)
      }
    }
    setInputs(of: program, batch)
    try program.forward(trainingContext(batch, step: step))
    seedGradient(of: program, batch)
    try program.backward()
    readGradients(of: program)
    return scalar(program.memory(of: plan.loss))
  }

  /// ``forwardBackward(_:step:)``, with somebody who watches every node.
  package func forwardBackward(_ batch: Batch, step: Int, watch: any StepWatch) throws(DMTError) -> Double {
    let program = try trainProgram(batch.count)
    try lookUp(batch, for: program)
    setInputs(of: program, batch)
    try watch.begin(program, batch: batch)
    try program.forward(trainingContext(batch, step: step)) { index throws(DMTError) in
      try watch.beforeForward(index)
    }
    try watch.afterForward()
    seedGradient(of: program, batch)
    try program.backward(
      before: { index throws(DMTError) in try watch.beforeBackward(index) },
      finished: { index throws(DMTError) in try watch.afterBackward(index) })
    readGradients(of: program)
    try watch.end()
    return scalar(program.memory(of: plan.loss))
  }

  /// Updates everything from the gradients of the last ``forwardBackward(_:step:watch:)``.
  package func update(step: Int) throws(DMTError) {
    try optimizer?.update(learningRateScale: 1, step: step)
  }

  func trainingContext(_ batch: Batch, step: Int) -> StepContext {
    StepContext(
      isTraining: true, seed: settings.seed, step: UInt32(truncatingIfNeeded: step),
      samples: UnsafePointer(batch.sampleNumbers), parameterVersion: parameters.version)
  }

  /// Seeds the gradient of the mean loss with local samples / global samples.
  func seedGradient(of program: Program, _ batch: Batch) {
    guard let seed = program.gradientMemory(of: plan.loss) else { return }
    store(Double(batch.count) / Double(max(batch.globalCount, 1)), to: seed)
  }

  /// Lets the tables find the gradients of their outputs.
  private func readGradients(of program: Program) {
    for (index, output) in plan.embeddingOutputs.enumerated() {
      embedding.setOutput(index, program.gradientMemory(of: output.value))
    }
  }

  func lookUp(_ batch: Batch, for program: Program) throws(DMTError) {
    for (index, output) in plan.embeddingOutputs.enumerated() {
      embedding.setOutput(index, program.memory(of: output.value))
    }
    try embedding.forward(batch)
  }

  // MARK: - Prediction

  /// Writes the logit of every sample of the batch.
  public func predict(_ batch: Batch, into logits: UnsafeMutablePointer<Float>) throws(DMTError) {
    guard batch.count > 0 else { return }
    let program = try predictProgram(batch.count)
    try lookUp(batch, for: program)
    setInputs(of: program, batch)
    try program.forward(
      StepContext(
        isTraining: false, seed: settings.seed, step: 0, samples: UnsafePointer(batch.sampleNumbers),
        parameterVersion: parameters.version))
    let memory = program.memory(of: plan.logits)
    if settings.dtype == .float64 {
      let values = memory.assumingMemoryBound(to: Double.self)
      for index in 0..<batch.count { logits[index] = Float(values[index]) }
    } else {
      logits.update(from: memory.assumingMemoryBound(to: Float.self), count: batch.count)
    }
  }

  /// Says that parameters were written from outside (a checkpoint): what kernels packed is stale.
  public func parametersChanged() { parameters.version += 1 }

  /// Bytes of the working memory that steps have needed so far.
  public var workingBytes: Int { arena.byteCount }

  // MARK: - Programs

  /// The program for a batch size; bound on first use.
  public func trainProgram(_ batch: Int) throws(DMTError) -> Program {
    if let program = trainPrograms[batch] { return program }
    let program = try makeProgram(batch, outputs: [plan.loss], isTraining: true)
    trainPrograms[batch] = program
    return program
  }

  private func predictProgram(_ batch: Int) throws(DMTError) -> Program {
    if let program = predictPrograms[batch] { return program }
    let program = try makeProgram(batch, outputs: [plan.logits], isTraining: false)
    predictPrograms[batch] = program
    return program
  }

  private func makeProgram(_ batch: Int, outputs: [Int], isTraining: Bool) throws(DMTError) -> Program {
    try Program(
      .init(
        graph: plan.graph, outputs: outputs, batch: batch, isTraining: isTraining, dtype: settings.dtype,
        threads: settings.threads, policy: settings.policy), components: components, parameters: parameters,
      arena: arena)
  }

  /// Hands labels and dense features over without a copy, or converted where the model computes in float64.
  func setInputs(of program: Program, _ batch: Batch) {
    if settings.dtype == .float64 {
      doubles.fill(batch)
      program.setInput(plan.labels, doubles.labels)
      if let dense = plan.dense { program.setInput(dense, doubles.dense) }
    } else {
      program.setInput(plan.labels, batch.labels)
      if let dense = plan.dense { program.setInput(dense, batch.dense) }
    }
  }

  private func scalar(_ memory: UnsafeMutableRawPointer) -> Double {
    settings.dtype == .float64 ? memory.load(as: Double.self) : Double(memory.load(as: Float.self))
  }

  private func store(_ value: Double, to memory: UnsafeMutableRawPointer) {
    if settings.dtype == .float64 {
      memory.storeBytes(of: value, as: Double.self)
    } else {
      memory.storeBytes(of: Float(value), as: Float.self)
    }
  }
}
