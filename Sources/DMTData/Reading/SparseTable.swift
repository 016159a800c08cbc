import DMTCore
import DMTManifest

/// A file of `label index:value ..` (libsvm) or `label field:index:value ..` (libffm) lines.
///
/// Its columns: `label`; `indices`, the bag of all indices of a row (values must be 1; an entry of value 0 is left out);
/// and by number:
/// * libsvm: column `N` is the value at index N, as text or number; missing where the row has no such entry;
/// * libffm: column `N` is field N: its bag of indices as a categorical column (values as for `indices`), its value as a
///   numeric column (one entry at most).
final class SparseTable {
  let path: String
  private let reader: RecordReader
  private let allowsFields: Bool

  /// - Parameter allowsFields: `field:index:value` is known (libffm).
  init(path: String, skipLines: Int, allowsFields: Bool) throws(DMTError) {
    self.path = path
    self.allowsFields = allowsFields
    reader = try RecordReader(path: path, dialect: .init(delimiter: 0x20, quotes: false, trim: false))
    for _ in 0..<max(0, skipLines) where try !reader.skipLine() { break }
  }

  /// One `index:value` or `field:index:value` of a row.
  private struct Entry {
    var field: Int
    var parts: Int
    /// Positions in the reader's field.
    var indexStart: Int
    var indexEnd: Int
    var valueStart: Int
    var fieldNumber: Int64
    var index: Int64
    var value: Double
  }

  /// The categorical and numeric columns to fill.
  private struct Target {
    var name: String
    /// nil: `indices`.
    var number: Int64?
    var text: TextColumn?
    var numbers: NumberColumn?
  }

  /// Reads all rows into `table`; every column of `plan` must be `indices` or a number.
  func read(
    into table: RawTable, plan: ColumnPlan, label: LabelReader?, split: SplitRule, badRows: BadRows,
    place: DMTError.Place, progress: ((Int) -> Void)? = nil
  ) throws(DMTError) {
    var targets: [Target] = []
    for name in plan.order where name != "label" {
      var copy = name
      let number = copy.withUTF8 { NumberParser.integer($0) }
      guard name == "indices" || number != nil else {
        throw DMTError(
          .notFound,
          "\(plan.reasons[name] ?? "the manifest") needs column '\(name)', which a sparse file does not have",
          place: place, remedy: "use 'indices' (all indices of a row) or the number of an index or field")
      }
      targets.append(Target(name: name, number: number, text: table.text[name], numbers: table.numbers[name]))
    }
    guard targets.count > 0 || plan.order.isEmpty else { return }
    if case .column = split {
      throw DMTError(
        .unsupported, "a sparse file has no column to split by", place: place, remedy: "split by rows or files")
    }
    var isSeen = [Bool](repeating: false, count: targets.count)
    var row = -1
    rows: while try reader.next() {
      row += 1
      guard row < Int(UInt32.max) else {
        throw DMTError(.unsupported, "the file has more than \(UInt32.max) rows", place: .init(file: path))
      }
      if row & 0xF_FFFF == 0xF_FFFF { progress?(row + 1) }
      var labelValue: UInt8 = 0
      if let label {
        guard let value = reader.withField(0, { label.label($0) }) else {
          let text = reader.withField(0) { label.complaint($0, column: "label") }
          try badRows.report(DMTError(.invalidData, text, place: reader.place(field: 0)))
          continue
        }
        labelValue = value
      }
      var entries: [Entry] = []
      entries.reserveCapacity(reader.fieldCount)
      for field in 1..<max(1, reader.fieldCount) where reader.fields[field].start < reader.fields[field].end {
        if reader.withField(field, { $0[0] == 0x23 }) { break }
        guard let entry = parse(field) else {
          let found = reader.text(field)
          try badRows.report(
            DMTError(
              .invalidData, "expected index:value\(allowsFields ? " or field:index:value" : ""), found '\(found)'",
              place: reader.place(field: field)))
          continue rows
        }
        entries.append(entry)
      }
      switch collect(entries, targets, &isSeen) {
      case .failure(let error):
        try badRows.report(error)
        continue
      case .success(let rowValues):
        for (target, value) in zip(targets, rowValues) {
          target.numbers?.append(value.number)
          if target.text?.offsets != nil {
            target.text?.append(bag: value.codes)
          } else if let code = value.codes.first {
            target.text?.append(code)
          }
        }
      }
      if label != nil { table.labels.append(labelValue) }
      switch split {
      case .all(let name): table.splits.append(name)
      case .rows(let hasTestFile): table.splits.append(SplitName.byRowRule(row, hasTestFile: hasTestFile))
      case .column: break
      }
      table.rowNumbers.append(UInt32(row))
      table.count += 1
    }
    for (target, seen) in zip(targets, isSeen) where !seen && row >= 0 {
      throw DMTError(
        .notFound,
        "\(plan.reasons[target.name] ?? "the manifest") needs column '\(target.name)', and no row has such an entry",
        place: .init(file: path),
        remedy: "columns are the numbers of the indices (libsvm) or fields (libffm), or 'indices'")
    }
  }

  private func parse(_ field: Int) -> Entry? {
    reader.withField(field) { bytes -> Entry? in
      let colons = bytes.indices.filter { bytes[$0] == 0x3A }
      guard colons.count == 1 || colons.count == 2 && allowsFields else { return nil }
      let indexStart = colons.count == 2 ? colons[0] + 1 : 0
      let indexEnd = colons[colons.count - 1]
      func slice(_ from: Int, _ to: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[from..<to])
      }
      var fieldNumber: Int64 = -1
      if colons.count == 2 {
        guard let number = NumberParser.integer(slice(0, colons[0])) else { return nil }
        fieldNumber = number
      }
      guard let index = NumberParser.integer(slice(indexStart, indexEnd)),
        let value = NumberParser.double(slice(indexEnd + 1, bytes.count))
      else { return nil }
      return Entry(
        field: field, parts: colons.count + 1, indexStart: indexStart, indexEnd: indexEnd, valueStart: indexEnd + 1,
        fieldNumber: fieldNumber, index: index, value: value)
    }
  }

  /// What one row gives to one target.
  private struct RowValue {
    var codes: [UInt32] = []
    var number = Double.nan
  }

  private func collect(_ entries: [Entry], _ targets: [Target], _ isSeen: inout [Bool]) -> Result<[RowValue], DMTError>
  {
    var values: [RowValue] = []
    values.reserveCapacity(targets.count)
    for (position, target) in targets.enumerated() {
      var value = RowValue()
      for entry in entries {
        let isBagEntry = target.number == nil || entry.parts == 3
        let matches = target.number == nil || target.number == (entry.parts == 3 ? entry.fieldNumber : entry.index)
        guard matches else { continue }
        isSeen[position] = true
        if target.numbers != nil { value.number = entry.value }
        guard let text = target.text else { continue }
        let code: UInt32?
        if isBagEntry {
          if entry.value == 0 { continue }
          guard entry.value == 1 else {
            return .failure(
              problem(
                entry, "column '\(target.name)' is a bag of indices, whose values must be 1, found \(entry.value)"))
          }
          code = part(entry, from: entry.indexStart, to: entry.indexEnd) { text.code(for: $0) }
        } else {
          code = part(entry, from: entry.valueStart, to: nil) { text.code(for: $0) }
        }
        guard let code else {
          let complaint = part(
            entry, from: isBagEntry ? entry.indexStart : entry.valueStart, to: isBagEntry ? entry.indexEnd : nil
          ) { text.complaint(about: $0) }
          return .failure(problem(entry, complaint ?? "the entry cannot be used"))
        }
        value.codes.append(code)
      }
      if let text = target.text, text.offsets == nil, value.codes.isEmpty {
        guard let missing = text.codeOfMissing() else {
          return .failure(
            DMTError(.invalidData, "the row has no entry \(target.name)", place: reader.place(field: 0)))
        }
        value.codes.append(missing)
      }
      values.append(value)
    }
    return .success(values)
  }

  private func part<Result>(
    _ entry: Entry, from: Int, to: Int?, _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    reader.withField(entry.field) { body(UnsafeBufferPointer(rebasing: $0[from..<(to ?? $0.count)])) }
  }

  private func problem(_ entry: Entry, _ message: String) -> DMTError {
    DMTError(.invalidData, message, place: reader.place(field: entry.field))
  }
}
