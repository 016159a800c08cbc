import DMTCore

/// Copies rows of samples between pieces and one row-major memory: forward gathers, the adjoint scatters gradients.
///
/// The copies are compiled once; a step only walks them.
final class RowCopies {
  /// The samples of one rank: its rows in each run's piece follow each other.
  private struct Part {
    /// The rank whose samples they are.
    var rank: Int
    /// For each run the position of the rank in its piece's samples.
    var positions: [Int]
  }

  private let runs: [ColumnRun]
  private let parts: [Part]
  private let dtype: DType
  /// The one piece whose rows are the target's as they are, or nil: then nothing has to be copied.
  let whole: Piece?

  /// - Parameters:
  ///   - block: what is copied.
  ///   - samples: the ranks whose samples are copied, in the order of the target's rows; a part of the block's.
  init(_ block: LocatedBlock, samples: [Int], dtype: DType) throws(DMTError) {
    runs = block.runs
    self.dtype = dtype
    let runs = runs
    parts = try samples.map { rank throws(DMTError) in
      let positions = runs.compactMap { $0.piece.samples.firstIndex(of: rank) }
      guard positions.count == runs.count else {
        throw DMTError(.internalError, "a block has samples of rank \(rank) that its pieces do not have")
      }
      return Part(rank: rank, positions: positions)
    }
    whole = Self.whole(runs, parts)
  }

  private static func whole(_ runs: [ColumnRun], _ parts: [Part]) -> Piece? {
    guard runs.count == 1, runs[0].column == 0, runs[0].target == 0, runs[0].count == runs[0].piece.width,
      runs[0].piece.wire == .native
    else { return nil }
    for (index, part) in parts.enumerated() where part.positions[0] != parts[0].positions[0] + index { return nil }
    return runs[0].piece
  }

  /// Rows of ``whole`` that the target's rows are.
  var wholeRows: Range<Int> {
    guard let first = parts.first, let last = parts.last, let piece = whole else { return 0..<0 }
    return piece.rows(at: first.positions[0]).lowerBound..<piece.rows(at: last.positions[0]).upperBound
  }

  /// Rows of the target in this step.
  func rowCount(_ counts: [Int]) -> Int { parts.reduce(0) { $0 + counts[$1.rank] } }

  /// Writes the rows to `target`; a row's columns start at `column`, rows lie `stride` elements apart.
  ///
  /// - Returns: the bytes that were copied.
  func gather(to target: UnsafeMutableRawPointer, column: Int, stride: Int) -> Int {
    let size = dtype.byteCount
    var first = 0
    var copied = 0
    for part in parts {
      for (index, run) in runs.enumerated() {
        guard let base = run.piece.base else { continue }
        let rows = run.piece.rows(at: part.positions[index])
        let codec = RowCodec(wire: run.piece.wire, dtype: dtype)
        var place = target + (first * stride + column + run.target) * size
        var source = base + rows.lowerBound * run.piece.rowBytes
        for _ in rows {
          codec.decode(source, column: run.column, count: run.count, to: place)
          source += run.piece.rowBytes
          place += stride * size
        }
        copied += rows.count * run.count * size
      }
      first += runs.isEmpty ? 0 : runs[0].piece.rows(at: part.positions[0]).count
    }
    return copied
  }

  /// Writes gradients, laid out as ``gather(to:column:stride:)`` lays out values, to the pieces' gradients.
  func scatter(from source: UnsafeRawPointer, column: Int, stride: Int) -> Int {
    let size = dtype.byteCount
    var first = 0
    var copied = 0
    for part in parts {
      for (index, run) in runs.enumerated() {
        guard let gradient = run.piece.gradient else { continue }
        let rows = run.piece.rows(at: part.positions[index])
        var place = source + (first * stride + column + run.target) * size
        var target = gradient + rows.lowerBound * run.piece.gradientRowBytes + run.column * size
        for _ in rows {
          target.copyMemory(from: place, byteCount: run.count * size)
          target += run.piece.gradientRowBytes
          place += stride * size
        }
        copied += rows.count * run.count * size
      }
      first += runs.isEmpty ? 0 : runs[0].piece.rows(at: part.positions[0]).count
    }
    return copied
  }
}
