/// Gradients of a weight (dz^T x) and a bias (column sums of dz) of out = x weight^T + bias, in pieces of the weight.
///
/// The weight is cut along its longer axis; no sum is shared by two pieces.
struct WeightGradient {
  private let (rows, width, out): (Int, Int, Int)
  private let split: Split
  private let cutsOutput: Bool
  private let biasSplit: Split

  /// The weight's pieces first, the bias's behind them.
  var pieces: Int { split.count + biasSplit.count }

  init(rows: Int, width: Int, out: Int, hasBias: Bool, threads: HostThreads) {
    (self.rows, self.width, self.out) = (rows, width, out)
    cutsOutput = out >= width
    let (cut, kept) = cutsOutput ? (out, width) : (width, out)
    split = Split(cut, threads: threads.count, cost: Double(kept) * Double(rows) / 16, minimum: 64, alignment: 16)
    biasSplit = Split(hasBias ? out : 0, threads: threads.count, cost: Double(rows), minimum: 64, alignment: 16)
  }

  /// What is asked for: nil gradients are not wanted.
  struct Targets {
    var weight: UnsafeMutablePointer<Float>?
    var addsToWeight = false
    var bias: UnsafeMutablePointer<Float>?
    var addsToBias = false

    /// No rows: the sums over them are zero.
    func clear(weightCount: Int, biasCount: Int) {
      if let weight, !addsToWeight { weight.update(repeating: 0, count: weightCount) }
      if let bias, !addsToBias { bias.update(repeating: 0, count: biasCount) }
    }
  }

  func run(_ piece: Int, _ x: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, _ targets: Targets) {
    if piece >= split.count {
      guard let bias = targets.bias else { return }
      VectorLoops.sumColumns(
        gradient, rows: rows, width: out, first: biasSplit.start(piece - split.count),
        count: biasSplit.length(piece - split.count), to: bias, adding: targets.addsToBias)
      return
    }
    guard let weight = targets.weight else { return }
    let (start, length) = (split.start(piece), split.length(piece))
    if cutsOutput {
      Product.store(
        Matrix(gradient + start, pitch: out, transposed: true), Matrix(x, pitch: width), to: weight + start * width,
        rows: length, inner: rows, columns: width, pitch: width, adding: targets.addsToWeight)
    } else {
      Product.store(
        Matrix(gradient, pitch: out, transposed: true), Matrix(x + start, pitch: width), to: weight + start, rows: out,
        inner: rows, columns: length, pitch: width, adding: targets.addsToWeight)
    }
  }
}
