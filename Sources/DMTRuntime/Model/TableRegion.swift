public import DMTCore

/// Rows and columns of a table that a rank holds.
public struct TableRegion: Sendable, Hashable {
  public var rows: Range<Int>
  public var columns: Range<Int>
  /// Extent of the whole table.
  public var whole: TableShape

  public init(rows: Range<Int>, columns: Range<Int>, whole: TableShape) {
    self.rows = rows
    self.columns = columns
    self.whole = whole
  }

  /// Extent of the part.
  public var shape: TableShape { TableShape(rows: rows.count, dim: columns.count) }
  /// The part has every column.
  public var hasWholeRows: Bool { columns.count == whole.dim }
}

extension ModelPlan.Table {
  /// Writes the table's initial values: a function of (seed, name, element of the whole table), so that a part has the values
  /// that it has in the whole.
  func writeInitialValues<Element: BinaryFloatingPoint>(to memory: UnsafeMutablePointer<Element>, seed: UInt64) {
    guard let region else {
      initializer.write(to: memory, range: 0..<shape.rows * shape.dim, seed: seed, name: parameterName)
      return
    }
    let width = region.whole.dim
    if region.hasWholeRows {
      initializer.write(
        to: memory, range: region.rows.lowerBound * width..<region.rows.upperBound * width, seed: seed,
        name: parameterName)
      return
    }
    for (index, row) in region.rows.enumerated() {
      initializer.write(
        to: memory + index * region.columns.count,
        range: row * width + region.columns.lowerBound..<row * width + region.columns.upperBound, seed: seed,
        name: parameterName)
    }
  }
}
