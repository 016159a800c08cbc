import DMTCore
import DMTDataflow

/// A block of numbers in a rank's memory, [samples, width], and the memory of its gradient.
///
/// What produces a piece sets ``base`` and ``gradient`` before anybody reads them. Gradients always lie in the model's own
/// type, one row after the other.
final class Piece {
  /// The ranks whose samples the rows are, in order.
  let samples: [Int]
  let width: Int
  /// The type of the numbers at ``base``.
  let wire: WireType
  let dtype: DType
  /// Bytes from one row to the next at ``base``.
  let rowBytes: Int
  /// Bytes from one row to the next at ``gradient``.
  let gradientRowBytes: Int
  var base: UnsafeMutableRawPointer?
  var gradient: UnsafeMutableRawPointer?
  /// First row of each rank of ``samples``, and the number of rows at the end.
  private var starts: [Int]

  init(samples: [Int], width: Int, wire: WireType, dtype: DType) {
    self.samples = samples
    self.width = width
    self.wire = wire
    self.dtype = dtype
    rowBytes = wire.rowBytes(columns: width, dtype: dtype)
    gradientRowBytes = width * dtype.byteCount
    starts = Array(repeating: 0, count: samples.count + 1)
  }

  /// Sets the rows from the numbers of samples of all ranks.
  func begin(_ counts: [Int]) {
    var row = 0
    for (position, rank) in samples.enumerated() {
      starts[position] = row
      row += counts[rank]
    }
    starts[samples.count] = row
  }

  /// Rows in this step.
  var rowCount: Int { starts[samples.count] }

  /// The rows of the samples of the rank at `position` of ``samples``.
  func rows(at position: Int) -> Range<Int> { starts[position]..<starts[position + 1] }
}

/// Columns of a located block: where they lie in a piece.
struct PieceColumns {
  var piece: Piece
  /// First column in the piece.
  var column: Int
  var slice: ColumnSlice
}

/// A block of an edge: for its samples and columns, where the numbers lie.
struct LocatedBlock {
  var samples: [Int]
  var columns: [PieceColumns]

  var width: Int { columns.reduce(0) { $0 + $1.slice.columns.count } }

  /// Columns that lie next to each other in a piece and here, as one.
  var runs: [ColumnRun] {
    var runs: [ColumnRun] = []
    var place = 0
    for entry in columns {
      let count = entry.slice.columns.count
      if let last = runs.last, last.piece === entry.piece, last.column + last.count == entry.column {
        runs[runs.count - 1].count += count
      } else {
        runs.append(ColumnRun(piece: entry.piece, column: entry.column, target: place, count: count))
      }
      place += count
    }
    return runs
  }
}

/// Columns `column` ..< `column + count` of a piece that belong at columns `target` .. of a row elsewhere.
struct ColumnRun {
  var piece: Piece
  var column: Int
  var target: Int
  var count: Int
}

extension LocatedBlock {
  /// The columns that a reader wants, in blocks that are consecutive here and there.
  ///
  /// - Parameter place: the column at which the reader has them; nil: it does not want them.
  func consecutive(by place: (PieceColumns) -> Int?) -> [(block: LocatedBlock, column: Int)] {
    var groups: [(block: LocatedBlock, column: Int)] = []
    var end = -1
    for entry in columns {
      guard let column = place(entry) else {
        end = -1
        continue
      }
      if column == end, !groups.isEmpty {
        groups[groups.count - 1].block.columns.append(entry)
      } else {
        groups.append((LocatedBlock(samples: samples, columns: [entry]), column))
      }
      end = column + entry.slice.columns.count
    }
    return groups
  }
}
