import DMTCore
import DMTRuntime

/// Parts of tables that this rank alone updates.
final class OwnedTables: RankTableOptimizer {
  private let optimizer: TableOptimizer

  init(_ embedding: EmbeddingEngine, optimizer: OptimizerSpec, settings: Model.Settings, components: Components)
    throws(DMTError)
  {
    self.optimizer = try TableOptimizer(embedding, optimizer: optimizer, settings: settings, components: components)
  }

  func squares() throws(DMTError) -> Double { try optimizer.squares() }

  func begin(learningRate: Double, gradientScale: Double, step: Int) {}

  func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    try optimizer.update(learningRate: learningRate, gradientScale: gradientScale, step: step)
  }
}
