import DMTCore
import DMTDataflow

/// Divides sums of bags by the bags' full lengths, in place: the last part of averaging over rows that lie on several ranks.
///
/// An empty bag stays zero.
final class ScaleStage: FlowStage {
  /// Columns of one feature in a piece.
  private struct Target {
    var piece: Piece
    var column: Int
    var count: Int
    var feature: Int
  }

  private let targets: [Target]
  private let dtype: DType
  /// Lengths of the bags of a feature for the samples of a rank; nil for a rank whose lengths are not here.
  private let lengths: (_ feature: Int, _ rank: Int) -> BagLengths?

  init(
    _ edge: [LocatedBlock], dtype: DType, lengths: @escaping (_ feature: Int, _ rank: Int) -> BagLengths?
  ) throws(DMTError) {
    self.dtype = dtype
    self.lengths = lengths
    var targets: [Target] = []
    for columns in edge.flatMap(\.columns) where columns.slice.isUnscaled {
      guard case .feature(let feature) = columns.slice.source, columns.piece.wire == .native else {
        throw DMTError(
          .unsupported, "scale follows an all_to_all of a narrow wire type",
          remedy: "divide right after the reduce_scatter")
      }
      targets.append(
        Target(piece: columns.piece, column: columns.column, count: columns.slice.columns.count, feature: feature))
    }
    self.targets = targets
  }

  override func start(_ context: FlowContext) throws(DMTError) {
    try divide { piece in piece.base.map { ($0, piece.rowBytes) } }
  }

  override func startBackward(_ context: FlowContext) throws(DMTError) {
    try divide { piece in piece.gradient.map { ($0, piece.gradientRowBytes) } }
  }

  private func divide(
    _ memory: (Piece) -> (base: UnsafeMutableRawPointer, rowBytes: Int)?
  ) throws(DMTError) {
    for target in targets {
      guard let (base, rowBytes) = memory(target.piece) else { continue }
      for (position, rank) in target.piece.samples.enumerated() {
        let rows = target.piece.rows(at: position)
        guard !rows.isEmpty else { continue }
        guard let lengths = lengths(target.feature, rank) else {
          throw DMTError(
            .internalError, "the lengths of the bags of feature \(target.feature) of rank \(rank) are not here")
        }
        for (sample, row) in rows.enumerated() {
          let length = lengths[sample]
          guard length > 1 else { continue }
          let place = base + row * rowBytes + target.column * dtype.byteCount
          if dtype == .float64 {
            let values = place.assumingMemoryBound(to: Double.self)
            for column in 0..<target.count { values[column] /= Double(length) }
          } else {
            let values = place.assumingMemoryBound(to: Float.self)
            for column in 0..<target.count { values[column] /= Float(length) }
          }
        }
      }
    }
  }
}

/// The numbers of row numbers in the bags of a feature for the samples of one rank.
enum BagLengths {
  /// Every bag holds one.
  case ones
  /// From the starts of the bags.
  case offsets(UnsafePointer<Int64>)
  /// As they were sent.
  case counts(UnsafePointer<Int32>)

  subscript(sample: Int) -> Int {
    switch self {
    case .ones: 1
    case .offsets(let offsets): Int(offsets[sample + 1] - offsets[sample])
    case .counts(let counts): Int(counts[sample])
    }
  }
}
