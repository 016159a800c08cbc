import DMTCore
import DMTManifest

/// A table of further columns, matched to the rows of the main table by a key (hash join, the texts compared as they are).
final class SideTable {
  let path: String
  /// The columns this table serves.
  var plan = ColumnPlan()
  private let spec: DataSection.Join
  private let file: DelimitedTable

  init(join: DataSection.Join, path: String, dialect: RecordReader.Dialect) throws(DMTError) {
    spec = join
    self.path = path
    file = try DelimitedTable(path: path, dialect: dialect, columns: nil, skipLines: 0)
  }

  /// The names in the header line.
  var columns: [String] { file.columns }

  /// Reads the file and adds its planned columns to `table`, row by row of `table`.
  ///
  /// A key that the side table does not have gives missing fields; a key that it has twice is an error.
  func join(to table: RawTable, missing: [String], badRows: BadRows, place: DMTError.Place) throws(DMTError) {
    let own = RawTable()
    for (name, checks) in plan.text { own.text[name] = TextColumn(checks: checks, missing: missing) }
    for (name, feature) in plan.numbers { own.numbers[name] = NumberColumn(feature: feature, missing: missing) }
    // The key may also be a column that a feature reads, with its own rules; here it is only compared.
    let keys = own.text[spec.on] ?? TextColumn()
    own.text[spec.on] = keys
    var readPlan = plan
    readPlan.needText(spec.on, for: "the join of \(path)")
    try file.read(
      into: own, plan: readPlan, label: nil, split: .all(.train), badRows: badRows,
      place: spec.place.isEmpty ? place : spec.place)
    let rowOfKey = try rowsByKey(keys, rowNumbers: own.rowNumbers)
    guard let mainKeys = table.text[spec.key] else {
      throw DMTError(.internalError, "the key column '\(spec.key)' was not read")
    }
    let partner = (0..<mainKeys.dictionary.count).map { code in
      mainKeys.dictionary.withBytes(code) { rowOfKey($0) }
    }
    let rows = mainKeys.codes.map { partner[Int($0)] }
    for name in plan.text.keys {
      guard let column = own.text[name] else { continue }
      guard let joined = column.joined(rows: rows) else {
        let orphan = rows.firstIndex { $0 < 0 } ?? 0
        let key = mainKeys.dictionary.text(Int(mainKeys.codes[orphan]))
        throw DMTError(
          .invalidData,
          "\(plan.reasons[name] ?? "a feature") needs a value of column '\(name)' for every row, and \(path) has no row with "
            + "\(spec.on) = '\(key)'", place: spec.place.isEmpty ? place : spec.place,
          remedy: "give the feature vocabulary or hash encoding, or complete the side table")
      }
      table.text[name] = joined
    }
    for name in plan.numbers.keys { table.numbers[name] = own.numbers[name]?.joined(rows: rows) }
  }

  private func rowsByKey(
    _ keys: TextColumn, rowNumbers: [UInt32]
  ) throws(DMTError) -> (UnsafeBufferPointer<UInt8>) -> Int32 {
    guard keys.codes.count < Int(Int32.max) else {
      throw DMTError(.unsupported, "the side table has more than \(Int32.max) rows", place: .init(file: path))
    }
    var rowOfCode = [Int32](repeating: -1, count: keys.dictionary.count)
    for (row, code) in keys.codes.enumerated() where !keys.dictionary.withBytes(Int(code), { $0.isEmpty }) {
      if rowOfCode[Int(code)] >= 0 {
        let first = rowNumbers[Int(rowOfCode[Int(code)])] + 1
        throw DMTError(
          .invalidData,
          "key column '\(spec.on)' holds '\(keys.dictionary.text(Int(code)))' twice, in rows \(first) and \(rowNumbers[row] + 1)",
          place: .init(file: path), remedy: "a side table has one row a key")
      }
      rowOfCode[Int(code)] = Int32(row)
    }
    let dictionary = keys.dictionary
    return { bytes in
      guard !bytes.isEmpty, let code = dictionary.find(bytes) else { return -1 }
      return rowOfCode[code]
    }
  }
}
