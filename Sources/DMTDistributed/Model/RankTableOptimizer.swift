import DMTCore

/// Updates the tables of one lookup on one rank.
protocol RankTableOptimizer: AnyObject {
  /// The part of the squared norm of the gradient that this rank answers for.
  func squares() throws(DMTError) -> Double
  /// Starts what other ranks have to take part in, if anything; before ``update(learningRate:gradientScale:step:)``.
  func begin(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError)
  /// One update; ranks that hold parts of the same tables call it at the same time.
  func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError)
}
