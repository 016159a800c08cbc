/// C = A B for one shape, blocked for the caches and split over the host's threads.
///
/// Every element of C is one chain of multiply-adds over k in blocks that depend on the shape alone: the result is the
/// same for any number of threads.
struct Gemm: BitwiseCopyable {
  let rows: Int
  let columns: Int
  let depth: Int
  let depthPerBlock: Int
  let panels: Int
  let tiles: Int
  let panelsPerGroup: Int
  let threads: Int

  /// Row tiles whose packed A stays in the second cache level.
  static let tilesPerBlock = 8
  /// The deepest block: A's and B's panels of this depth stream from the second cache level.
  static let maximumDepth = 512
  /// Multiply-accumulates below which a second thread costs more than it saves.
  static let serialLimit = 50_000

  init(rows: Int, columns: Int, depth: Int, threads: Int) {
    self.rows = rows
    self.columns = columns
    self.depth = depth
    let blocks = max(1, (depth + Gemm.maximumDepth - 1) / Gemm.maximumDepth)
    let even = (depth + blocks - 1) / blocks
    depthPerBlock = max(1, blocks == 1 ? depth : (even + 15) / 16 * 16)
    panels = (columns + Tile.maximumColumns - 1) / Tile.maximumColumns
    tiles = (rows + Tile.maximumRows - 1) / Tile.maximumRows
    let isSmall = Double(rows) * Double(columns) * Double(depth) < Double(Gemm.serialLimit)
    self.threads = isSmall ? 1 : threads
    // Few row tiles: the columns are split as well, at the price of packing A once for each group.
    var groups = 1
    while self.threads > 1, tiles * groups < 4 * self.threads, groups * 2 <= panels { groups *= 2 }
    panelsPerGroup = max(1, (panels + groups - 1) / groups)
  }

  private var groups: Int { (panels + panelsPerGroup - 1) / panelsPerGroup }

  /// Floats of all of B packed.
  var packedFloats: Int { panels * Tile.maximumColumns * depth + Packing.slack }

  /// Floats of one worker's packed block of A, and of its tile behind it.
  var workerFloats: Int { blockFloats + Gemm.tileFloats }

  private var blockFloats: Int { wholeLines(Gemm.tilesPerBlock * Tile.maximumRows * depthPerBlock + Packing.slack) }

  /// Floats of a whole tile of C, for columns that do not fill one.
  private static let tileFloats = wholeLines(Tile.maximumRows * Tile.maximumColumns)

  /// Floats for B packed and every worker's block of A.
  func scratchFloats(_ workers: Int) -> Int { wholeLines(packedFloats) + workers * workerFloats }

  private struct PackJob: BitwiseCopyable {
    let gemm: Gemm
    let b: Operand
    let packed: UnsafeMutablePointer<Float>
  }

  /// Packs B, read by its columns, to `packed` of `packedFloats`.
  func pack(_ b: Operand, to packed: UnsafeMutablePointer<Float>, _ parallel: Parallel) {
    let job = PackJob(gemm: self, b: b, packed: packed)
    parallel.run(job, count: panels, grain: threads == 1 ? panels : max(1, 16_384 / max(1, depth * 32))) {
      context, begin, end, _ in
      let job = context.job(PackJob.self).pointee
      for panel in Int(begin)..<Int(end) { job.gemm.packPanel(panel, job.b, job.packed) }
    }
  }

  private func packPanel(_ panel: Int, _ b: Operand, _ packed: UnsafeMutablePointer<Float>) {
    let first = panel &* Tile.maximumColumns
    let count = min(Tile.maximumColumns, columns &- first)
    var k = 0
    while k < depth {
      let deep = min(depthPerBlock, depth &- k)
      Packing.pack(
        b.advanced(outer: first, depth: k), outer: count, depth: deep, width: Tile.maximumColumns,
        to: panelStart(packed, panel, k, deep))
      k &+= deep
    }
  }

  /// Blocks of depth follow each other; inside one, panels do.
  @inline(__always)
  private func panelStart(
    _ packed: UnsafeMutablePointer<Float>, _ panel: Int, _ k: Int, _ deep: Int
  ) -> UnsafeMutablePointer<Float> {
    packed + (k &* panels &+ panel &* deep) &* Tile.maximumColumns
  }

  private struct Job: BitwiseCopyable {
    let gemm: Gemm
    let a: Operand
    let packed: UnsafeMutablePointer<Float>
    let c: UnsafeMutablePointer<Float>
    let cStride: Int
    let accumulate: Bool
    let epilogue: Epilogue
    let scratch: UnsafeMutablePointer<Float>
  }

  /// C = A B, or C += A B; A is read by its rows, B was packed by `pack`.
  ///
  /// - Parameter scratch: `workerFloats` for every worker.
  func multiply(
    _ a: Operand, _ packed: UnsafeMutablePointer<Float>, to c: UnsafeMutablePointer<Float>, stride: Int,
    accumulate: Bool = false, epilogue: Epilogue = Epilogue(), scratch: UnsafeMutablePointer<Float>,
    _ parallel: Parallel
  ) {
    let job = Job(
      gemm: self, a: a, packed: packed, c: c, cStride: stride, accumulate: accumulate, epilogue: epilogue,
      scratch: scratch)
    let count = tiles * groups
    parallel.run(job, count: count, grain: threads == 1 ? count : 2) { context, begin, end, worker in
      let job = context.job(Job.self).pointee
      job.gemm.run(job, Int(begin), Int(end), Int(worker))
    }
  }

  /// C = A B, or C += A B, packing B first.
  ///
  /// - Parameter scratch: `scratchFloats`.
  func multiply(
    _ a: Operand, _ b: Operand, to c: UnsafeMutablePointer<Float>, stride: Int, accumulate: Bool = false,
    epilogue: Epilogue = Epilogue(), scratch: UnsafeMutablePointer<Float>, _ parallel: Parallel
  ) {
    pack(b, to: scratch, parallel)
    multiply(
      a, scratch, to: c, stride: stride, accumulate: accumulate, epilogue: epilogue,
      scratch: scratch + wholeLines(packedFloats), parallel)
  }

  /// The items begin ..< end; item = group of panels * tiles + tile.
  private func run(_ job: Job, _ begin: Int, _ end: Int, _ worker: Int) {
    let packedA = job.scratch + worker &* workerFloats
    var item = begin
    while item < end {
      let group = item / tiles
      let tile = item % tiles
      let count = min(Gemm.tilesPerBlock, min(tiles &- tile, end &- item))
      let firstPanel = group &* panelsPerGroup
      block(job, tile, count, firstPanel, min(panels, firstPanel &+ panelsPerGroup), packedA)
      item &+= count
    }
  }

  private func block(
    _ job: Job, _ firstTile: Int, _ tileCount: Int, _ firstPanel: Int, _ lastPanel: Int,
    _ packedA: UnsafeMutablePointer<Float>
  ) {
    var k = 0
    repeat {
      let deep = min(depthPerBlock, depth &- k)
      for t in 0..<tileCount {
        let row = (firstTile &+ t) &* Tile.maximumRows
        Packing.pack(
          job.a.advanced(outer: row, depth: k), outer: min(Tile.maximumRows, rows &- row), depth: deep,
          width: Tile.maximumRows, to: packedA + t &* deep &* Tile.maximumRows)
      }
      let isLast = k &+ deep >= depth
      for panel in firstPanel..<lastPanel {
        let b = panelStart(job.packed, panel, k, deep)
        for t in 0..<tileCount {
          let tile = Piece(
            row: (firstTile &+ t) &* Tile.maximumRows, column: panel &* Tile.maximumColumns, depth: deep,
            isFirst: k == 0, isLast: isLast)
          compute(job, tile, packedA + t &* deep &* Tile.maximumRows, b, packedA + blockFloats)
        }
      }
      k &+= deep
    } while k < depth
  }

  /// A tile of C and its place in the sum.
  private struct Piece {
    let row: Int
    let column: Int
    let depth: Int
    let isFirst: Bool
    let isLast: Bool
  }

  @inline(__always)
  private func compute(
    _ job: Job, _ piece: Piece, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ spare: UnsafeMutablePointer<Float>
  ) {
    let height = min(Tile.maximumRows, rows &- piece.row)
    let width = min(Tile.maximumColumns, columns &- piece.column)
    let offset = piece.row &* job.cStride &+ piece.column
    let isWide = width > Lane.width
    let clamp = piece.isLast && job.epilogue.clampsInTile
    if width == Tile.maximumColumns || width == Lane.width {
      let start: Tile.Start
      if !piece.isFirst || job.accumulate {
        start = .destination
      } else if let bias = job.epilogue.bias {
        start = .bias(bias + piece.column)
      } else {
        start = .zero
      }
      Tile(
        depth: piece.depth, a: a, aStep: Tile.maximumRows, b: b, bStep: Tile.maximumColumns, c: job.c + offset,
        cStride: job.cStride, start: start, clamp: clamp
      ).multiply(rows: height, wide: isWide)
    } else {
      computeRagged(job, piece, a, b, height, width, offset, clamp, spare)
    }
    if piece.isLast, job.epilogue.needsPass {
      job.epilogue.finish(job.c, stride: job.cStride, offset: offset, rows: height, columns: width)
    }
  }

  /// The last columns, which do not fill a register, go through `tile`, a tile of the worker's own.
  @inline(never)
  private func computeRagged(
    _ job: Job, _ piece: Piece, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ height: Int, _ width: Int,
    _ offset: Int, _ clamp: Bool, _ tile: UnsafeMutablePointer<Float>
  ) {
    let step = Tile.maximumColumns
    let startsFromTile = !piece.isFirst || job.accumulate || job.epilogue.bias != nil
    if startsFromTile {
      for row in 0..<height {
        let to = tile + row &* step
        if !piece.isFirst || job.accumulate {
          to.update(from: job.c + (offset &+ row &* job.cStride), count: width)
        } else if let bias = job.epilogue.bias {
          to.update(from: bias + piece.column, count: width)
        }
        for column in width..<step { to[column] = 0 }
      }
    }
    Tile(
      depth: piece.depth, a: a, aStep: Tile.maximumRows, b: b, bStep: step, c: tile, cStride: step,
      start: startsFromTile ? .destination : .zero, clamp: clamp
    ).multiply(rows: height, wide: width > Lane.width)
    for row in 0..<height {
      (job.c + (offset &+ row &* job.cStride)).update(from: tile + row &* step, count: width)
    }
  }
}
