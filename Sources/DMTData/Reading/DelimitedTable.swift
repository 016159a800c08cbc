import DMTCore

/// One delimited file (CSV, Criteo's TSV), read record by record into the columns of a table.
final class DelimitedTable {
  let path: String
  let columns: [String]
  private let reader: RecordReader

  /// Opens the file and reads the column names: `columns`, or the header line.
  ///
  /// - Parameters:
  ///   - skipLines: lines to skip, after the header where there is one.
  init(path: String, dialect: RecordReader.Dialect, columns: [String]?, skipLines: Int) throws(DMTError) {
    self.path = path
    let reader = try RecordReader(path: path, dialect: dialect)
    self.reader = reader
    if let columns {
      self.columns = columns
    } else {
      guard try reader.next() else {
        throw DMTError(.invalidData, "the file is empty; a header line was expected", place: .init(file: path))
      }
      if let problem = reader.problem {
        throw DMTError(.invalidData, "in the header line, \(problem.message)", place: reader.place(at: problem.at))
      }
      self.columns = (0..<reader.fieldCount).map { reader.text($0) }
    }
    for _ in 0..<max(0, skipLines) where try !reader.skipLine() { break }
  }

  /// The position of a column; a name that stands twice is an error.
  func position(of column: String, for reason: String, place: DMTError.Place) throws(DMTError) -> Int {
    let found = columns.indices.filter { columns[$0] == column }
    if found.count > 1 {
      throw DMTError(
        .invalidData,
        "\(reason) needs column '\(column)', which stands \(found.count) times among the columns of \(path)",
        place: place, remedy: "name the columns in the manifest's data section")
    }
    guard let position = found.first else {
      throw ColumnPlan.missing(column, for: reason, among: columns, file: path, place: place)
    }
    return position
  }

  /// What a reading needs beside the columns.
  struct Label {
    var column: Int
    var name: String
    var reader: LabelReader
  }

  /// Reads all records into `table`; a bad one goes to `badRows` and leaves nothing behind.
  ///
  /// - Parameter each: called with the number of rows read now and then.
  func read(
    into table: RawTable, plan: ColumnPlan, label: Label?, split: SplitRule, badRows: BadRows,
    place: DMTError.Place, progress: ((Int) -> Void)? = nil
  ) throws(DMTError) {
    var textTargets: [(column: Int, target: TextColumn)] = []
    var numberTargets: [(column: Int, target: NumberColumn)] = []
    for name in plan.order {
      let position = try position(of: name, for: plan.reasons[name] ?? "the manifest", place: place)
      if plan.text[name] != nil, let target = table.text[name] { textTargets.append((position, target)) }
      if plan.numbers[name] != nil, let target = table.numbers[name] { numberTargets.append((position, target)) }
    }
    var splitColumn: (column: Int, name: String, names: [String: SplitName])?
    if case .column(let name, let names) = split {
      splitColumn = (try position(of: name, for: "the split", place: place), name, names)
    }
    var codes = [UInt32](repeating: 0, count: textTargets.count)
    var values = [Double](repeating: 0, count: numberTargets.count)
    var row = -1
    rows: while try reader.next() {
      row += 1
      guard row < Int(UInt32.max) else {
        throw DMTError(.unsupported, "the file has more than \(UInt32.max) rows", place: .init(file: path))
      }
      if row & 0xF_FFFF == 0xF_FFFF { progress?(row + 1) }
      if let complaint = layoutComplaint() {
        try badRows.report(complaint)
        continue
      }
      var labelValue: UInt8 = 0
      if let label {
        guard let value = reader.withField(label.column, { label.reader.label($0) }) else {
          try report(label.column, badRows) { label.reader.complaint($0, column: label.name) }
          continue
        }
        labelValue = value
      }
      let splitName: SplitName
      switch split {
      case .all(let name): splitName = name
      case .rows(let hasTestFile): splitName = SplitName.byRowRule(row, hasTestFile: hasTestFile)
      case .column:
        guard let splitColumn else { continue }
        guard let name = splitColumn.names[reader.text(splitColumn.column)] else {
          let known = splitColumn.names.keys.sorted().joined(separator: ", ")
          try report(splitColumn.column, badRows) {
            "split column '\(splitColumn.name)' needs one of \(known), found '\(String(decoding: $0, as: UTF8.self))'"
          }
          continue
        }
        splitName = name
      }
      for (index, entry) in numberTargets.enumerated() {
        guard let value = reader.withField(entry.column, { entry.target.number(in: $0) }) else {
          try report(entry.column, badRows) { entry.target.complaint(about: $0) }
          continue rows
        }
        values[index] = value
      }
      for (index, entry) in textTargets.enumerated() {
        guard let code = reader.withField(entry.column, { entry.target.code(for: $0) }) else {
          try report(entry.column, badRows) { entry.target.complaint(about: $0) ?? "the field cannot be used" }
          continue rows
        }
        codes[index] = code
      }
      for (index, entry) in numberTargets.enumerated() { entry.target.append(values[index]) }
      for (index, entry) in textTargets.enumerated() { entry.target.append(codes[index]) }
      if label != nil { table.labels.append(labelValue) }
      table.splits.append(splitName)
      table.rowNumbers.append(UInt32(row))
      table.count += 1
    }
  }

  private func report(
    _ field: Int, _ badRows: BadRows, _ message: (UnsafeBufferPointer<UInt8>) -> String
  ) throws(DMTError) {
    let text = reader.withField(field, message)
    try badRows.report(DMTError(.invalidData, text, place: reader.place(field: field)))
  }

  private func layoutComplaint() -> DMTError? {
    if let problem = reader.problem {
      return DMTError(.invalidData, problem.message, place: reader.place(at: problem.at))
    }
    guard reader.fieldCount != columns.count else { return nil }
    let kind = reader.fieldCount < columns.count ? "short" : "long"
    return DMTError(
      .invalidData, "the row is too \(kind): \(reader.fieldCount) fields, expected \(columns.count)",
      place: reader.fieldCount < columns.count ? reader.placeOfEnd : reader.place(field: columns.count))
  }
}
