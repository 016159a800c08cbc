/// A loop over up to eight axes with strides of its own for one result and two operands.
///
/// Everything that repeats, sums over or reorders axes is this loop: a stride of 0 repeats an operand, and sums into a
/// result. Axes that follow each other in all three are joined when the loop is made.
struct StridedLoop: BitwiseCopyable {
  /// What is computed of a and b.
  enum Value: BitwiseCopyable {
    case first
    case negative
    case sum
    case difference
    case product
    /// a * factor
    case scaled
  }

  /// An axis: its extent and the strides of result, a and b.
  struct Axis: BitwiseCopyable {
    var extent: Int
    var result: Int
    var a: Int
    var b: Int
  }

  /// Axes from the outermost to the innermost, at least one.
  private var axes: InlineArray<8, Axis>
  private let rank: Int
  /// Rows: the product of all extents but the innermost.
  private let rows: Int
  private let resultFloats: Int

  /// The loop over `extents` with the strides of the operands; all lists have at most eight entries.
  init(extents: [Int], result: [Int], a: [Int], b: [Int]) {
    var joined: [Axis] = []
    for index in extents.indices where extents[index] != 1 {
      let axis = Axis(extent: extents[index], result: result[index], a: a[index], b: b[index])
      if let last = joined.last, last.result == axis.result * axis.extent, last.a == axis.a * axis.extent,
        last.b == axis.b * axis.extent
      {
        joined[joined.count - 1] = Axis(extent: last.extent * axis.extent, result: axis.result, a: axis.a, b: axis.b)
      } else {
        joined.append(axis)
      }
    }
    if joined.isEmpty { joined = [Axis(extent: 1, result: 1, a: 1, b: 1)] }
    axes = InlineArray(repeating: joined[0])
    for (index, axis) in joined.enumerated() { axes[index] = axis }
    rank = joined.count
    rows = joined.dropLast().reduce(1) { $0 * $1.extent }
    resultFloats = zip(extents, result).reduce(1) { $1.1 == 0 ? $0 : $0 * $1.0 }
  }

  /// The row-major strides of a tensor, 0 where it is repeated to fill `extents` (NumPy's broadcasting).
  static func strides(_ shape: [Int], broadcastTo extents: [Int]) -> [Int] {
    var strides = Array(repeating: 0, count: extents.count)
    var step = 1
    for offset in 0..<shape.count {
      let axis = extents.count - 1 - offset
      let extent = shape[shape.count - 1 - offset]
      strides[axis] = extent == 1 ? 0 : step
      step *= extent
    }
    return strides
  }

  private struct Job: BitwiseCopyable {
    let loop: StridedLoop
    let value: Value
    let factor: Float
    let result: UnsafeMutablePointer<Float>
    let a: UnsafePointer<Float>
    let b: UnsafePointer<Float>
    let adds: Bool
  }

  /// result = value(a, b), or += with `adds`; where a result element is met again, values are summed.
  func run(
    _ value: Value, factor: Float = 1, to result: UnsafeMutablePointer<Float>, adds: Bool, _ a: UnsafePointer<Float>,
    _ b: UnsafePointer<Float>, _ parallel: Parallel
  ) {
    let sums = isSumming
    if sums, !adds { result.update(repeating: 0, count: resultFloats) }
    let job = Job(
      loop: self, value: value, factor: factor, result: result, a: a, b: b, adds: adds || sums)
    let inner = axes[rank - 1]
    let total = rows * inner.extent
    if total == 0 { return }
    if rank == 1 || (axes[0].result == 0 && inner.result == 1) {
      // One row, or rows summed into one: threads share the innermost axis, unless that is what is summed.
      let strips = inner.result == 0 ? 1 : (inner.extent + StridedLoop.strip - 1) / StridedLoop.strip
      let grain = max(1, 32_768 / max(1, rows * StridedLoop.strip))
      parallel.run(job, count: strips, grain: strips == 1 ? 1 : grain) { context, begin, end, _ in
        let job = context.job(Job.self).pointee
        let extent = job.loop.axes[job.loop.rank - 1].extent
        let isWhole = job.loop.axes[job.loop.rank - 1].result == 0
        let first = isWhole ? 0 : Int(begin) &* StridedLoop.strip
        let last = isWhole ? extent : min(extent, Int(end) &* StridedLoop.strip)
        job.loop.walk(job, 0, job.loop.rows, first, last)
      }
      return
    }
    // Rows of one outermost index stay together, since they may be summed into the same place.
    let outer = axes[0].result == 0 ? 1 : axes[0].extent
    let grain = max(1, 32_768 / max(1, total / outer))
    parallel.run(job, count: outer, grain: grain) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      let together = job.loop.axes[0].result == 0 ? job.loop.rows : job.loop.rows / job.loop.axes[0].extent
      let extent = job.loop.axes[job.loop.rank - 1].extent
      job.loop.walk(job, Int(begin) &* together, Int(end) &* together, 0, extent)
    }
  }

  private static let strip = 256

  private var isSumming: Bool {
    for index in 0..<rank where axes[index].result == 0 && axes[index].extent != 1 { return true }
    return false
  }

  /// Rows firstRow ..< lastRow, of each the elements first ..< last.
  private func walk(_ job: Job, _ firstRow: Int, _ lastRow: Int, _ first: Int, _ last: Int) {
    let inner = axes[rank &- 1]
    for row in firstRow..<lastRow {
      var rest = row
      var result = job.result
      var a = job.a
      var b = job.b
      var index = rank &- 2
      while index >= 0 {
        let axis = axes[index]
        let (quotient, at) = rest.quotientAndRemainder(dividingBy: axis.extent)
        result += at &* axis.result
        a += at &* axis.a
        b += at &* axis.b
        rest = quotient
        index &-= 1
      }
      let line = StridedRow(
        count: last &- first, result: result + first &* inner.result, resultStep: inner.result,
        a: a + first &* inner.a, aStep: inner.a, b: b + first &* inner.b, bStep: inner.b, adds: job.adds)
      switch job.value {
      case .first: line.run { a, _ in a } scalar: { a, _ in a }
      case .negative: line.run { a, _ in Lane.zero - a } scalar: { a, _ in -a }
      case .sum: line.run { $0 + $1 } scalar: { $0 + $1 }
      case .difference: line.run { $0 - $1 } scalar: { $0 - $1 }
      case .product: line.run { $0 * $1 } scalar: { $0 * $1 }
      case .scaled:
        let factor = job.factor
        line.run { a, _ in a * Lane(repeating: factor) } scalar: { a, _ in a * factor }
      }
    }
  }
}

/// The innermost axis of a strided loop.
private struct StridedRow {
  let count: Int
  let result: UnsafeMutablePointer<Float>
  let resultStep: Int
  let a: UnsafePointer<Float>
  let aStep: Int
  let b: UnsafePointer<Float>
  let bStep: Int
  let adds: Bool

  @inline(__always)
  func run(_ body: (Lane, Lane) -> Lane, scalar: (Float, Float) -> Float) {
    if resultStep == 1, aStep == 1, bStep == 1 {
      writeElements(count, a, b, to: result, adds: adds, body)
    } else if resultStep == 1, aStep == 1, bStep == 0 {
      let repeated = Lane(repeating: b[0])
      writeElements(count, a, a, to: result, adds: adds) { a, _ in body(a, repeated) }
    } else if resultStep == 1, aStep == 0, bStep == 1 {
      let repeated = Lane(repeating: a[0])
      writeElements(count, b, b, to: result, adds: adds) { b, _ in body(repeated, b) }
    } else if resultStep == 0, aStep == 1, bStep == 1 {
      result[0] += sumElements(count, a, b, body)
    } else if resultStep == 0, aStep == 1, bStep == 0 {
      let repeated = Lane(repeating: b[0])
      result[0] += sumElements(count, a) { body($0, repeated) }
    } else {
      for i in 0..<count {
        let value = scalar(a[i &* aStep], b[i &* bStep])
        if adds { result[i &* resultStep] += value } else { result[i &* resultStep] = value }
      }
    }
  }
}
