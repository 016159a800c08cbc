public import DMTCore

/// Splits features' columns, so that there are at least as many parts as towers.
public enum ColumnSplit {
  /// The widths of the parts of each feature; one width: the feature stays whole.
  ///
  /// All features are split into the same number of parts, the fewest that are enough (a narrow feature into as many as it
  /// has columns). Parts of one feature are as even as can be, multiples of 4 where that is possible.
  /// - Throws: ``DMTError/Code/invalidArgument`` for more towers than columns.
  public static func widths(dims: [Int], towers: Int) throws(DMTError) -> [[Int]] {
    let columns = dims.reduce(0, +)
    guard towers <= columns else {
      throw DMTError(
        .invalidArgument, "\(towers) towers of \(dims.count) features with \(columns) columns in all",
        remedy: "ask for at most \(columns) towers; a tower needs a column")
    }
    var parts = 1
    while dims.reduce(0, { $0 + min(parts, $1) }) < towers { parts += 1 }
    return dims.map { even($0, into: min(parts, $0)) }
  }

  private static func even(_ dim: Int, into parts: Int) -> [Int] {
    let unit = dim % 4 == 0 && dim / 4 >= parts ? 4 : 1
    let (each, rest) = (dim / unit).quotientAndRemainder(dividingBy: max(1, parts))
    return (0..<parts).map { unit * ($0 < rest ? each + 1 : each) }
  }
}
