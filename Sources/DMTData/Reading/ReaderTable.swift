import CDMTPlugin
import DMTCore
import DMTManifest

/// One file of a format that a component brings, read batch by batch into the columns of a table.
///
/// From here on its rows go the way of all others: texts into dictionaries, numbers and labels judged, rows divided and bad
/// ones counted.
final class ReaderTable {
  /// Rows that are asked for at once.
  static let batchRows = 8192

  let path: String
  let columns: [DataColumn]
  private let file: any DataFile
  private let place: DMTError.Place

  /// Opens the file.
  ///
  /// - Parameter place: of the data section, for columns that the file does not have.
  init(path: String, use: DataSection.Reader, place: DMTError.Place) throws(DMTError) {
    self.path = path
    self.place = place
    // Told apart here, so that every reader says the same about a file that is not there.
    _ = try FileSource(path: path)
    file = try use.reader.open(
      ReaderRequest(path: path, attributes: use.attributes, batchRows: Self.batchRows))
    columns = file.columns
  }

  func has(_ column: String) -> Bool { columns.contains { $0.name == column } }

  /// Refuses a validation or test file that is not made like the training file.
  func requireSameColumns(as first: [DataColumn], plan: ColumnPlan) throws(DMTError) {
    for column in columns where plan.reasons[column.name] != nil {
      guard let other = first.first(where: { $0.name == column.name }), other.isBag != column.isBag else { continue }
      throw DMTError(
        .invalidData,
        "column '\(column.name)' is \(column.isBag ? "a bag" : "no bag") here and was not in the first file",
        place: .init(file: path))
    }
  }

  /// What the columns of a batch are for.
  private struct Targets {
    var texts: [(column: Int, target: TextColumn)] = []
    var numbers: [(column: Int, target: NumberColumn)] = []
    var label: (column: Int, name: String, reader: LabelReader)?
    var split: (column: Int, name: String, names: [String: SplitName])?
    var selected: [Int] = []
  }

  /// Reads all rows into `table`; a bad one goes to `badRows` and leaves nothing behind.
  ///
  /// - Parameters:
  ///   - label: the label's column; nil: rows have no label.
  ///   - placeOf: where the manifest asks for a column.
  ///   - progress: called with the number of rows read now and then.
  func read(
    into table: RawTable, plan: ColumnPlan, label: String?, rule: DataSection.LabelRule, split: SplitRule,
    badRows: BadRows, placeOf: (String) -> DMTError.Place, progress: (Int) -> Void
  ) throws(DMTError) {
    let targets = try targets(for: table, plan, label: label, rule: rule, split: split, placeOf)
    try file.select(targets.selected)
    var first = 0
    var batch = dmt_reader_batch()
    while true {
      try file.next(&batch)
      let count = Int(batch.row_count)
      guard count > 0 else { return }
      guard first + count < Int(UInt32.max) else {
        throw DMTError(.unsupported, "the file has more than \(UInt32.max) rows", place: .init(file: path))
      }
      let reading = BatchReading(batch, columns: targets.selected.map { columns[$0] })
      var problem = 0
      for row in 0..<count {
        if let bad = reading.problem(&problem, of: row, path: path) {
          try badRows.report(bad)
          continue
        }
        try add(row, number: first + row, reading, targets, split, table, badRows)
      }
      if (first + count) >> 20 > first >> 20 { progress(first + count) }
      first += count
    }
  }

  private func targets(
    for table: RawTable, _ plan: ColumnPlan, label: String?, rule: DataSection.LabelRule, split: SplitRule,
    _ placeOf: (String) -> DMTError.Place
  ) throws(DMTError) -> Targets {
    var targets = Targets()
    func column(_ name: String, for reason: String, at place: DMTError.Place, mayBeBag: Bool) throws(DMTError) -> Int {
      guard let index = columns.firstIndex(where: { $0.name == name }) else {
        throw ColumnPlan.missing(name, for: reason, among: columns.map(\.name), file: path, place: place)
      }
      guard mayBeBag || !columns[index].isBag else {
        throw DMTError(
          .invalidData, "\(reason) needs one value a row, and column '\(name)' of \(path) holds any number of them",
          place: place)
      }
      if let known = targets.selected.firstIndex(of: index) { return known }
      targets.selected.append(index)
      return targets.selected.count - 1
    }
    for name in plan.order {
      let reason = plan.reasons[name] ?? "the manifest"
      let isNumber = plan.numbers[name] != nil
      let index = try column(name, for: reason, at: placeOf(name), mayBeBag: !isNumber)
      if plan.text[name] != nil, let target = table.text[name] { targets.texts.append((index, target)) }
      if isNumber, let target = table.numbers[name] { targets.numbers.append((index, target)) }
    }
    if let label {
      let index = try column(label, for: "the label", at: place, mayBeBag: false)
      targets.label = (index, label, LabelReader(rule: rule))
    }
    if case .column(let name, let names) = split {
      let index = try column(name, for: "the split", at: place, mayBeBag: false)
      targets.split = (index, name, names)
    }
    return targets
  }

  private func add(
    _ row: Int, number: Int, _ reading: BatchReading, _ targets: Targets, _ split: SplitRule, _ table: RawTable,
    _ badRows: BadRows
  ) throws(DMTError) {
    func report(_ column: Int, _ message: String) throws(DMTError) {
      var place = file.place(row: row, column: column)
      if place.line == nil { place.phase = "row \(number + 1)" }
      try badRows.report(DMTError(.invalidData, message, place: place))
    }
    var labelValue: UInt8 = 0
    if let label = targets.label {
      guard let value = reading.withText(label.column, row, { label.reader.label($0) }) else {
        let message = reading.withText(label.column, row) { label.reader.complaint($0, column: label.name) }
        return try report(label.column, message)
      }
      labelValue = value
    }
    let splitName: SplitName
    switch split {
    case .all(let name): splitName = name
    case .rows(let hasTestFile): splitName = SplitName.byRowRule(number, hasTestFile: hasTestFile)
    case .column:
      guard let column = targets.split else { return }
      let text = reading.withText(column.column, row) { String(decoding: $0, as: UTF8.self) }
      guard let name = column.names[text] else {
        let known = column.names.keys.sorted().joined(separator: ", ")
        return try report(column.column, "split column '\(column.name)' needs one of \(known), found '\(text)'")
      }
      splitName = name
    }
    var values: [Double] = []
    for entry in targets.numbers {
      guard let value = reading.number(entry.column, row, entry.target) else {
        return try report(entry.column, reading.withText(entry.column, row) { entry.target.complaint(about: $0) })
      }
      values.append(value)
    }
    var codes: [UInt32] = []
    for entry in targets.texts {
      for place in reading.places(entry.column, row) {
        guard let code = reading.withText(entry.column, at: place, { entry.target.code(for: $0) }) else {
          let message = reading.withText(entry.column, at: place) { entry.target.complaint(about: $0) }
          return try report(entry.column, message ?? "the value cannot be used")
        }
        codes.append(code)
      }
    }
    for (entry, value) in zip(targets.numbers, values) { entry.target.append(value) }
    var used = 0
    for entry in targets.texts {
      let count = reading.places(entry.column, row).count
      if entry.target.offsets == nil {
        entry.target.append(codes[used])
      } else {
        entry.target.append(bag: codes[used..<used + count])
      }
      used += count
    }
    if targets.label != nil { table.labels.append(labelValue) }
    table.splits.append(splitName)
    table.rowNumbers.append(UInt32(number))
    table.count += 1
  }
}
