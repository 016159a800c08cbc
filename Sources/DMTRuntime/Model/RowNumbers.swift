package import DMTCore

/// Whether tables have the rows that bags name.
package enum RowNumbers {
  /// Looks at all row numbers of a feature.
  ///
  /// - Throws: ``DMTError/Code/invalidData`` for a row number that the table, of `rows` rows, does not have.
  package static func check(_ bags: Jagged, feature: String, table: String, rows: Int) throws(DMTError) {
    // Without a branch for every number, so that the loop becomes vector instructions.
    var smallest: Int64 = 0
    var largest: Int64 = -1
    for index in 0..<bags.valueCount {
      smallest = min(smallest, bags.values[index])
      largest = max(largest, bags.values[index])
    }
    guard smallest < 0 || largest >= rows else { return }
    let bad = smallest < 0 ? smallest : largest
    throw DMTError(
      .invalidData, "feature '\(feature)' has row number \(bad), table '\(table)' has rows 0 to \(rows - 1)",
      remedy: "the data was prepared for another table size; remove its cache and prepare it anew")
  }
}
