/// `dot_interaction`: the dot products of all pairs of a sample's vectors, strict upper triangle row by row.
///
/// Forward packs X^T once for a sample; a tile reads both factors from it, and tiles below the diagonal are left out.
/// Backward is a product with the symmetric matrix of the gradients.
final class DotInteractionPlan: KernelPlan {
  private let batch: Int
  private let shape: Pairs
  private let isTraining: Bool

  /// Sizes that a sample's work depends on.
  private struct Pairs: BitwiseCopyable {
    let vectors: Int
    let dim: Int
    var pairs: Int { vectors &* (vectors &- 1) / 2 }
    /// Vectors in whole tiles.
    var paddedVectors: Int { (vectors &+ Tile.maximumColumns &- 1) / Tile.maximumColumns &* Tile.maximumColumns }
    /// Width in whole tiles.
    var paddedDim: Int { (dim &+ Tile.maximumColumns &- 1) / Tile.maximumColumns &* Tile.maximumColumns }
    /// A whole number of registers: rows of X are read where they are.
    var readsInPlace: Bool { dim % Lane.scalarCount == 0 }
    var tileFloats: Int { Tile.maximumRows &* Tile.maximumColumns }
    var forwardFloats: Int { wholeLines(paddedVectors &* dim &+ Packing.slack) &+ wholeLines(tileFloats) }
    var backwardFloats: Int {
      wholeLines(vectors &* paddedVectors) &+ wholeLines(readsInPlace ? 0 : vectors &* paddedDim)
        &+ wholeLines(tileFloats)
    }
  }

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 1)
    let x = request.inputs[0]
    guard x.count == 3, x[1] >= 1 else {
      throw .invalid("dot_interaction: the input has shape \(x), expected [B, F, D]")
    }
    batch = x[0]
    shape = Pairs(vectors: x[1], dim: x[2])
    try request.expect(request.outputs[0], [batch, shape.pairs], "the output")
    isTraining = request.isTraining
    super.init(request)
  }

  override var backwardReadsInputs: UInt64 { 1 }
  override var scratchFloats: Int {
    max(shape.forwardFloats, isTraining ? shape.backwardFloats : 0) * parallel.workers
  }

  private struct Job: BitwiseCopyable {
    let shape: Pairs
    let x: UnsafePointer<Float>
    let gradient: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let adds: Bool
    let scratch: UnsafeMutablePointer<Float>
    let scratchPerWorker: Int
  }

  private var grain: Int { max(1, 20_000 / max(1, shape.vectors * shape.vectors * shape.dim)) }

  override func forward(_ call: KernelCall) {
    let job = Job(
      shape: shape, x: call.input(0), gradient: call.input(0), target: call.output(), adds: false,
      scratch: call.scratch, scratchPerWorker: shape.forwardFloats)
    parallel.run(job, count: batch, grain: grain) { context, begin, end, worker in
      let job = context.job(Job.self).pointee
      let scratch = job.scratch + Int(worker) &* job.scratchPerWorker
      for sample in Int(begin)..<Int(end) {
        DotInteractionPlan.forwardSample(
          job.shape, job.x + sample &* job.shape.vectors &* job.shape.dim, job.target + sample &* job.shape.pairs,
          scratch)
      }
    }
  }

  private static func forwardSample(
    _ shape: Pairs, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let step = Tile.maximumColumns
    let panelFloats = step &* shape.dim
    var first = 0
    while first < shape.vectors {
      Packing.pack(
        .rows(x + first &* shape.dim, stride: shape.dim), outer: min(step, shape.vectors &- first), depth: shape.dim,
        width: step, to: scratch + first &* shape.dim)
      first &+= step
    }
    let tile = scratch + wholeLines(shape.paddedVectors &* shape.dim &+ Packing.slack)
    var row = 0
    while row < shape.vectors &- 1 {
      // Rows of one tile lie in one panel. They stop where the next rows need a register of columns less, and share
      // the way there evenly.
      let untilLess = Lane.width &- (row &+ 1) % Lane.width
      let tiles = (untilLess &+ Tile.maximumRows &- 1) / Tile.maximumRows
      let even = (untilLess &+ tiles &- 1) / tiles
      let rows = min(even, min(shape.vectors &- row, step &- row % step))
      let a = scratch + (row / step &* panelFloats &+ row % step)
      // The first column that any of these rows needs, down to a whole register.
      var column = (row &+ 1) / Lane.width &* Lane.width
      while column < shape.vectors {
        let isWide = column % step == 0 && shape.vectors &- column > Lane.width
        let width = isWide ? step : Lane.width
        Tile(
          depth: shape.dim, a: a, aStep: step, b: scratch + (column / step &* panelFloats &+ column % step),
          bStep: step, c: tile, cStride: step, start: .zero, clamp: false
        ).multiply(rows: rows, wide: isWide)
        for i in 0..<rows {
          let from = max(row &+ i &+ 1, column)
          let last = min(shape.vectors, column &+ width)
          if from < last {
            let target = pairIndex(row &+ i, from, shape.vectors)
            (out + target).update(from: tile + (i &* step &+ from &- column), count: last &- from)
          }
        }
        column &+= width
      }
      row &+= rows
    }
  }

  /// Place of the pair (i, j), i < j.
  @inline(__always)
  private static func pairIndex(_ i: Int, _ j: Int, _ vectors: Int) -> Int {
    i &* (2 &* vectors &- i &- 1) / 2 &+ j &- i &- 1
  }

  override func backward(_ call: KernelCall) {
    guard let target = call.gradInput(0) else { return }
    let job = Job(
      shape: shape, x: call.input(0), gradient: call.gradOutput(), target: target, adds: call.addsToInput(0),
      scratch: call.scratch, scratchPerWorker: shape.backwardFloats)
    parallel.run(job, count: batch, grain: grain) { context, begin, end, worker in
      let job = context.job(Job.self).pointee
      let scratch = job.scratch + Int(worker) &* job.scratchPerWorker
      for sample in Int(begin)..<Int(end) {
        let at = sample &* job.shape.vectors &* job.shape.dim
        DotInteractionPlan.backwardSample(
          job.shape, job.x + at, job.gradient + sample &* job.shape.pairs, job.target + at, adds: job.adds, scratch)
      }
    }
  }

  /// dX = G X with G symmetric and zero on the diagonal; G's columns are its rows, so it needs no packing.
  private static func backwardSample(
    _ shape: Pairs, _ x: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>,
    adds: Bool, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let matrix = scratch
    let stride = shape.paddedVectors
    var at = 0
    for i in 0..<shape.vectors {
      matrix[i &* stride &+ i] = 0
      for j in (i &+ 1)..<max(i &+ 1, shape.vectors) {
        let value = gradient[at]
        matrix[i &* stride &+ j] = value
        matrix[j &* stride &+ i] = value
        at &+= 1
      }
    }
    var b = x
    var bStep = shape.dim
    var tile = scratch + wholeLines(shape.vectors &* stride)
    if !shape.readsInPlace {
      for i in 0..<shape.vectors {
        let row = tile + i &* shape.paddedDim
        row.update(from: x + i &* shape.dim, count: shape.dim)
        for column in shape.dim..<shape.paddedDim { row[column] = 0 }
      }
      b = UnsafePointer(tile)
      bStep = shape.paddedDim
      tile += wholeLines(shape.vectors &* shape.paddedDim)
    }
    var column = 0
    while column < shape.dim {
      let width = min(Tile.maximumColumns, shape.dim &- column)
      let isDirect = width % Lane.width == 0
      var row = 0
      while row < shape.vectors {
        let rows = min(Tile.maximumRows, shape.vectors &- row)
        let c = target + (row &* shape.dim &+ column)
        Tile(
          depth: shape.vectors, a: matrix + row, aStep: stride, b: b + column, bStep: bStep, c: isDirect ? c : tile,
          cStride: isDirect ? shape.dim : Tile.maximumColumns, start: adds && isDirect ? .destination : .zero,
          clamp: false
        ).multiply(rows: rows, wide: width > Lane.width)
        if !isDirect {
          for i in 0..<rows {
            let values = UnsafePointer(tile + i &* Tile.maximumColumns)
            writeElements(width, values, values, to: c + i &* shape.dim, adds: adds) { value, _ in value }
          }
        }
        row &+= rows
      }
      column &+= width
    }
  }
}
