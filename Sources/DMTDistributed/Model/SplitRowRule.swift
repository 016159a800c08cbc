import CDMTPlugin
import DMTCore
import DMTRuntime

/// What an update of rows adds up over all columns, and what follows from the sums: the two halves of an update between which
/// the holders of a row's columns speak to each other.
protocol SplitRowRule: AnyObject {
  /// Adds the sums of the touched rows of a table, over the columns that are here.
  func addSums(
    _ table: Int, learningRate: Double, gradientScale: Double, step: Int, to sums: UnsafeMutablePointer<Double>
  ) throws(DMTError)
  /// Updates the touched rows of a table from the sums over whole rows.
  func apply(
    _ table: Int, learningRate: Double, gradientScale: Double, step: Int, sums: UnsafeMutablePointer<Double>
  ) throws(DMTError)
}

/// The rule of an optimizer that brings its own.
final class OwnSplitRowRule: SplitRowRule {
  private let rule: RowRule

  init(_ rule: RowRule) { self.rule = rule }

  func addSums(
    _ table: Int, learningRate: Double, gradientScale: Double, step: Int, to sums: UnsafeMutablePointer<Double>
  ) throws(DMTError) {
    try rule.addSums(table, learningRate: learningRate, gradientScale: gradientScale, step: step, to: sums)
  }

  func apply(
    _ table: Int, learningRate: Double, gradientScale: Double, step: Int, sums: UnsafeMutablePointer<Double>
  ) throws(DMTError) {
    try rule.update(table, learningRate: learningRate, gradientScale: gradientScale, step: step, sums: sums)
  }
}

/// Row-wise Adagrad: s += mean_j g_j^2 over all columns; w -= lr g / (sqrt(s) + eps).
final class RowwiseAdagradRule: SplitRowRule {
  private let embedding: EmbeddingEngine
  private let weightDecay: Double
  private let epsilon: Double

  init(_ embedding: EmbeddingEngine, optimizer: OptimizerSpec) throws(DMTError) {
    self.embedding = embedding
    weightDecay = try optimizer.attributes.double("weight_decay", default: 0)
    epsilon = try optimizer.attributes.double("eps", default: 1e-8)
  }

  /// The squares of each touched row's gradient, weight decay included.
  func addSums(
    _ table: Int, learningRate: Double, gradientScale: Double, step: Int, to sums: UnsafeMutablePointer<Double>
  ) {
    if embedding.store.dtype == .float64 {
      addSquares(table, gradientScale, to: sums, as: Double.self)
    } else {
      addSquares(table, gradientScale, to: sums, as: Float.self)
    }
  }

  func apply(
    _ table: Int, learningRate: Double, gradientScale: Double, step: Int, sums: UnsafeMutablePointer<Double>
  ) {
    if embedding.store.dtype == .float64 {
      apply(table, learningRate, gradientScale, sums: sums, as: Double.self)
    } else {
      apply(table, learningRate, gradientScale, sums: sums, as: Float.self)
    }
  }

  private func addSquares<Scalar: BinaryFloatingPoint>(
    _ table: Int, _ scale: Double, to sums: UnsafeMutablePointer<Double>, as: Scalar.Type
  ) {
    guard let dedup = embedding.dedup(table), let memory = embedding.rowGradients(table) else {
      return
    }
    let dim = embedding.layout.tables[table].shape.dim
    let gradients = memory.assumingMemoryBound(to: Scalar.self)
    let weights = embedding.store.weight(table).assumingMemoryBound(to: Scalar.self)
    for index in 0..<Int(dedup.pointee.count) {
      let row = weights + Int(dedup.pointee.rows[index]) * dim
      var sum = 0.0
      for column in 0..<dim {
        let g = scale * Double(gradients[index * dim + column]) + weightDecay * Double(row[column])
        sum += g * g
      }
      sums[index] += sum
    }
  }

  private func apply<Scalar: BinaryFloatingPoint>(
    _ table: Int, _ learningRate: Double, _ scale: Double, sums: UnsafePointer<Double>, as: Scalar.Type
  ) {
    guard let dedup = embedding.dedup(table), let memory = embedding.rowGradients(table) else {
      return
    }
    let shape = embedding.layout.tables[table]
    let dim = shape.shape.dim
    let whole = Double(shape.region?.whole.dim ?? dim)
    let gradients = memory.assumingMemoryBound(to: Scalar.self)
    let weights = embedding.store.weight(table).assumingMemoryBound(to: Scalar.self)
    let states = embedding.store.state(table, 0).assumingMemoryBound(to: Scalar.self)
    for index in 0..<Int(dedup.pointee.count) {
      let number = Int(dedup.pointee.rows[index])
      let row = weights + number * dim
      let sum = Double(states[number]) + sums[index] / whole
      states[number] = Scalar(sum)
      for column in 0..<dim {
        let g = scale * Double(gradients[index * dim + column]) + weightDecay * Double(row[column])
        // 0 / 0 is 0: a gradient that has always been 0 moves nothing, whatever eps is.
        if g != 0 { row[column] = Scalar(Double(row[column]) - learningRate * (g / (sum.squareRoot() + epsilon))) }
      }
    }
  }
}
