/// Sums over the rows of a matrix, and the gradient before an activation on the way.
///
/// Columns are split into strips, every strip walks all rows in blocks: the order of the sum does not depend on the
/// number of threads, and its error grows with the square root of the rows only.
enum ColumnSums {
  /// Columns of a strip: four registers, so that a walk down the rows takes several lines of every page.
  private static var strip: Int { 4 &* Lane.width }
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
    switch job.activation {
    case .none: sum(job, index) { gradient, _ in gradient }
    case .relu: sum(job, index) { Activation.relu.gradient($0, kept: $1) }
    case .sigmoid: sum(job, index) { Activation.sigmoid.gradient($0, kept: $1) }
    case .tanh: sum(job, index) { Activation.tanh.gradient($0, kept: $1) }
    case .gelu: sum(job, index) { Activation.gelu.gradient($0, kept: $1) }
    }
  }

  @inline(__always)
  private static func sum(_ job: Job, _ index: Int, _ body: (Lane, Lane) -> Lane) {
    let column = index &* strip
    if column &+ strip <= job.columns {
      sumStrip(job, column, body)
      return
    }
    var at = column
    while at < job.columns {
      let count = min(Lane.width, job.columns &- at)
      sumLane(job, at, count, body)
      at &+= count
    }
  }

  /// Four registers of columns.
  @inline(__always)
  private static func sumStrip(_ job: Job, _ column: Int, _ body: (Lane, Lane) -> Lane) {
    var totals = (Lane.zero, Lane.zero, Lane.zero, Lane.zero)
    var row = 0
    while row < job.rows {
      let last = min(job.rows, row &+ rowsPerBlock)
      var block = (Lane.zero, Lane.zero, Lane.zero, Lane.zero)
      while row < last {
        let at = row &* job.columns &+ column
        block.0 += value(job, at, body)
        block.1 += value(job, at &+ Lane.width, body)
        block.2 += value(job, at &+ 2 &* Lane.width, body)
        block.3 += value(job, at &+ 3 &* Lane.width, body)
        row &+= 1
      }
      totals.0 += block.0
      totals.1 += block.1
      totals.2 += block.2
      totals.3 += block.3
    }
    store(totals.0, job, column, Lane.width)
    store(totals.1, job, column &+ Lane.width, Lane.width)
    store(totals.2, job, column &+ 2 &* Lane.width, Lane.width)
    store(totals.3, job, column &+ 3 &* Lane.width, Lane.width)
  }

  @inline(__always)
  private static func value(_ job: Job, _ at: Int, _ body: (Lane, Lane) -> Lane) -> Lane {
    let value = body(Lane.load(job.gradient + at), Lane.load(job.kept + at))
    if let before = job.before { value.store(before + at) }
    return value
  }

  @inline(__always)
  private static func store(_ total: Lane, _ job: Job, _ column: Int, _ count: Int) {
    guard let sums = job.sums else { return }
    (job.adds ? total + Lane.load(sums + column, first: count) : total).store(sums + column, first: count)
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
          block += value(job, at, body)
        } else {
          let value = body(Lane.load(job.gradient + at, first: count), Lane.load(job.kept + at, first: count))
          if let before = job.before { value.store(before + at, first: count) }
          block += value
        }
        row &+= 1
      }
      total += block
    }
    store(total, job, column, count)
  }
}
