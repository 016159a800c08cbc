/// `transpose`: the axes in another order. Exchanging the last two goes by squares in registers, others by rows.
final class TransposePlan: KernelPlan {
  private let forwardLoop: StridedLoop
  private let backwardLoop: StridedLoop
  /// [outer, rows, columns] -> [outer, columns, rows].
  private let exchange: (outer: Int, rows: Int, columns: Int)?

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 1)
    let shape = request.inputs[0]
    let perm = request.attributes.ints("perm") ?? []
    guard perm.sorted() == Array(0..<shape.count) else {
      throw .invalid("transpose: perm \(perm) is no permutation of the \(shape.count) axes of \(shape)")
    }
    let extents = perm.map { shape[$0] }
    try request.expect(request.outputs[0], extents, "the output")
    var full = Array(repeating: 1, count: shape.count)
    for axis in (0..<max(0, shape.count - 1)).reversed() { full[axis] = full[axis + 1] * shape[axis + 1] }
    var result = Array(repeating: 1, count: shape.count)
    for axis in (0..<max(0, shape.count - 1)).reversed() { result[axis] = result[axis + 1] * extents[axis + 1] }
    let source = perm.map { full[$0] }
    forwardLoop = StridedLoop(extents: extents, result: result, a: source, b: source)
    // The way back walks in the order of x, so that it writes rows.
    var inverse = perm
    for (axis, from) in perm.enumerated() { inverse[from] = axis }
    let back = inverse.map { result[$0] }
    backwardLoop = StridedLoop(extents: shape, result: full, a: back, b: back)
    let last = shape.count - 1
    if shape.count >= 2, perm == Array(0..<(last - 1)) + [last, last - 1] {
      exchange = (Array(shape[..<(last - 1)]).elements, shape[last - 1], shape[last])
    } else {
      exchange = nil
    }
    super.init(request)
  }

  override func forward(_ call: KernelCall) {
    if let exchange {
      MatrixTranspose(
        outer: exchange.outer, rows: exchange.rows, columns: exchange.columns, source: call.input(0),
        target: call.output(), adds: false
      ).run(parallel)
    } else {
      forwardLoop.run(.first, to: call.output(), adds: false, call.input(0), call.input(0), parallel)
    }
  }

  override func backward(_ call: KernelCall) {
    guard let result = call.gradInput(0) else { return }
    if let exchange {
      MatrixTranspose(
        outer: exchange.outer, rows: exchange.columns, columns: exchange.rows, source: call.gradOutput(),
        target: result, adds: call.addsToInput(0)
      ).run(parallel)
    } else {
      backwardLoop.run(.first, to: result, adds: call.addsToInput(0), call.gradOutput(), call.gradOutput(), parallel)
    }
  }
}

/// [outer, rows, columns] -> [outer, columns, rows].
private struct MatrixTranspose: BitwiseCopyable {
  let outer: Int
  let rows: Int
  let columns: Int
  let source: UnsafePointer<Float>
  let target: UnsafeMutablePointer<Float>
  let adds: Bool

  func run(_ parallel: Parallel) {
    let floats = rows * columns
    if floats == 0 { return }
    parallel.run(self, count: outer, grain: max(1, 8192 / floats)) { context, begin, end, _ in
      let job = context.job(MatrixTranspose.self).pointee
      for index in Int(begin)..<Int(end) { job.transpose(index) }
    }
  }

  private func transpose(_ index: Int) {
    let from = source + index &* rows &* columns
    let to = target + index &* rows &* columns
    let wholeRows = adds ? 0 : rows / Lane.width &* Lane.width
    let wholeColumns = columns / Lane.width &* Lane.width
    var row = 0
    while row < wholeRows {
      var column = 0
      while column < wholeColumns {
        Packing.transposeSquare(
          from + (row &* columns &+ column), stride: columns, rows: Lane.width, to: to + (column &* rows &+ row),
          stride: rows)
        column &+= Lane.width
      }
      row &+= Lane.width
    }
    for row in 0..<rows {
      for column in (row < wholeRows ? wholeColumns : 0)..<columns {
        let value = from[row &* columns &+ column]
        let at = column &* rows &+ row
        to[at] = adds ? to[at] + value : value
      }
    }
  }
}
