/// Sums over the rows of a matrix, and the gradient before an activation on the way.
///
/// Columns are split into strips, every strip walks all rows in blocks: the order of the sum does not depend on the
/// number of threads, and its error grows with the square root of the rows only.
enum ColumnSums {
  /// Columns of a strip: two cache lines of a row.
  private static var strip: Int { max(32, 2 * Lane.width) }
  private static let rowsPerBlock = 128

  private struct Job: BitwiseCopyable {
    let rows: Int
    let columns: Int
    let gradient: UnsafePointer<Float>
    let kept: UnsafePointer<Float>
    let activation: Activation
    let before: UnsafeMutablePointer<Float>?
    let sums: UnsafeMutablePointer<Float>?
    let adds: Bool
  }

  /// Adds up `gradient` [rows, columns] over the rows to `sums`, after taking it back through `activation`.
  ///
  /// - Parameters:
  ///   - kept: the activation's output, of gelu its input; read when the activation is not `none`.
  ///   - before: receives the gradient before the activation, where given.
  static func run(
    rows: Int, columns: Int, gradient: UnsafePointer<Float>, activation: Activation = .none,
    kept: UnsafePointer<Float>? = nil, before: UnsafeMutablePointer<Float>? = nil,
    sums: UnsafeMutablePointer<Float>?, adds: Bool, _ parallel: Parallel
  ) {
    let job = Job(
      rows: rows, columns: columns, gradient: gradient, kept: kept ?? gradient, activation: activation,
      before: before, sums: sums, adds: adds)
    let strips = (columns + strip - 1) / strip
    let grain = max(1, 32_768 / max(1, rows * strip))
    parallel.run(job, count: strips, grain: grain) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      for index in Int(begin)..<Int(end) { ColumnSums.sum(job, strip: index) }
    }
  }

  private static func sum(_ job: Job, strip index: Int) {
    var column = index &* strip
    let last = min(job.columns, column &+ strip)
    while column < last {
      let count = min(Lane.width, last &- column)
      switch job.activation {
      case .none: sumLane(job, column, count) { gradient, _ in gradient }
      case .relu: sumLane(job, column, count) { Activation.relu.gradient($0, kept: $1) }
      case .sigmoid: sumLane(job, column, count) { Activation.sigmoid.gradient($0, kept: $1) }
      case .tanh: sumLane(job, column, count) { Activation.tanh.gradient($0, kept: $1) }
      case .gelu: sumLane(job, column, count) { Activation.gelu.gradient($0, kept: $1) }
      }
      column &+= count
    }
  }

  @inline(__always)
  private static func sumLane(_ job: Job, _ column: Int, _ count: Int, _ body: (Lane, Lane) -> Lane) {
    var total = Lane.zero
    var row = 0
    while row < job.rows {
      let last = min(job.rows, row &+ rowsPerBlock)
      var block = Lane.zero
      while row < last {
        let at = row &* job.columns &+ column
        if count == Lane.width {
          let value = body(Lane.load(job.gradient + at), Lane.load(job.kept + at))
          if let before = job.before { value.store(before + at) }
          block += value
        } else {
          let value = body(Lane.load(job.gradient + at, first: count), Lane.load(job.kept + at, first: count))
          if let before = job.before { value.store(before + at, first: count) }
          block += value
        }
        row &+= 1
      }
      total += block
    }
    guard let sums = job.sums else { return }
    if job.adds { total += Lane.load(sums + column, first: count) }
    total.store(sums + column, first: count)
  }
}
