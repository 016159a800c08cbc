public import DMTCore

extension OptimizerSpec {
  /// On a table: every row changes at every step, instead of the rows of the batch.
  ///
  /// `adam` and `adamw` are defined on whole tensors; `sgd` and `adagrad` are when `every_row` asks for it or where they
  /// have a momentum, which moves rows that the batch did not touch.
  public var updatesEveryRow: Bool {
    if isSparseOnly { return false }
    if case .bool(let stated) = attributes["every_row"] { return stated }
    if name == "sgd", let momentum = try? attributes.double("momentum", default: 0) { return momentum != 0 }
    return name == "adam" || name == "adamw"
  }
}

/// Updates everything that a model in one process learns: dense parameters, and tables row by row or as a whole.
final class ModelOptimizer {
  private let optimizer: OptimizerSpec
  private let tableOptimizer: OptimizerSpec
  private let clipNorm: Double?
  private let dense: DenseOptimizer
  private let tables: TableOptimizer

  /// nil when the settings name no optimizer.
  init?(
    settings: Model.Settings, components: Components, parameters: ParameterStore, embedding: EmbeddingEngine
  ) throws(DMTError) {
    guard let optimizer = settings.optimizer, let tableOptimizer = settings.tableOptimizer else { return nil }
    self.optimizer = optimizer
    self.tableOptimizer = tableOptimizer
    clipNorm = settings.clipNorm
    dense = try DenseOptimizer(parameters, optimizer: optimizer, settings: settings, components: components)
    tables = try TableOptimizer(embedding, optimizer: tableOptimizer, settings: settings, components: components)
  }

  /// The optimizer's states of the dense parameters.
  var denseStates: [DenseOptimizer.State] { dense.states }

  /// One update from the gradients of the last backward.
  func update(learningRateScale: Double, step: Int) throws(DMTError) {
    var scale = 1.0
    if let clipNorm {
      scale = try GradientNorm.scale(squares: dense.squares() + tables.squares(), limit: clipNorm, step: step)
    }
    try dense.update(
      learningRate: optimizer.learningRate * learningRateScale, gradientScale: scale, step: step)
    try tables.update(
      learningRate: tableOptimizer.learningRate * learningRateScale, gradientScale: scale, step: step)
  }
}
