internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// A ``RowReader`` as the reader that the contract knows.
struct RowFileReader: DataReader {
  private let reader: any RowReader

  init(_ reader: any RowReader) { self.reader = reader }

  var name: String { reader.name }
  var summary: String { reader.summary }
  var attributes: AttributeSchema { reader.attributes }
  var contentRevision: Int { reader.contentRevision }

  func open(_ request: ReaderRequest) throws(DMTError) -> any DataFile {
    RowBatches(try reader.open(request.path, attributes: request.attributes), request)
  }
}

/// Gathers rows into batches.
private final class RowBatches: DataFile {
  let columns: [DataColumn]
  let rowCount: Int? = nil
  private let file: any RowFile
  private let request: ReaderRequest
  private var gathered: [GatheredColumn] = []
  private var selected: [Int] = []
  private var lines: [Int?] = []
  /// What the last batch points to.
  private var memory = ContractArena()

  init(_ file: any RowFile, _ request: ReaderRequest) {
    self.file = file
    self.request = request
    columns = file.columns
  }

  func select(_ wanted: [Int]) throws(DMTError) {
    guard wanted.allSatisfy(columns.indices.contains) else {
      throw DMTError(.invalidArgument, "columns \(wanted) are selected of \(columns.count)")
    }
    selected = wanted
    gathered = wanted.map { GatheredColumn(columns[$0]) }
  }

  func next(_ batch: inout dmt_reader_batch) throws(DMTError) {
    memory = ContractArena()
    lines = []
    for index in gathered.indices { gathered[index].removeAll() }
    var problems: [dmt_reader_problem] = []
    while lines.count < request.batchRows, let row = try file.next() {
      let number = lines.count
      switch row {
      case .values(let values, let line):
        lines.append(line)
        if let complaint = add(values) {
          problems.append(problem(number, complaint, line, nil))
        }
      case .bad(let message, let line, let column):
        lines.append(line)
        for index in gathered.indices { gathered[index].appendNothing() }
        problems.append(problem(number, message, line, column))
      }
      if number & 0xFFF == 0xFFF, PluginContext.isCancelled { throw DMTError(.cancelled, "reading was stopped") }
    }
    batch.row_count = Int64(lines.count)
    batch.columns = memory.array(gathered.map { $0.values(in: memory) })
    batch.problems = memory.array(problems)
    batch.problem_count = Int64(problems.count)
  }

  /// Adds a row; what is wrong with it, where it does not fit the columns.
  private func add(_ values: [DataValue]) -> String? {
    guard values.count == columns.count else {
      for index in gathered.indices { gathered[index].appendNothing() }
      return "the row has \(values.count) values, expected \(columns.count)"
    }
    var complaint: String?
    for (index, column) in selected.enumerated() where !gathered[index].append(values[column]) {
      complaint = complaint ?? "column '\(columns[column].name)' holds \(values[column]), which is not of its type"
    }
    return complaint
  }

  private func problem(_ row: Int, _ message: String, _ line: Int?, _ column: Int?) -> dmt_reader_problem {
    dmt_reader_problem(
      row: Int64(row), place: dmt_reader_place(line: Int64(line ?? 0), column: Int64(column ?? 0)),
      message: memory.text(message))
  }

  func seek(toRow row: Int) throws(DMTError) {
    throw DMTError(.unsupported, "rows are read one after the other")
  }

  func place(row: Int, column: Int?) -> DMTError.Place {
    guard lines.indices.contains(row), let line = lines[row] else { return DMTError.Place(file: request.path) }
    return DMTError.Place(file: request.path, line: line)
  }
}

/// The values of one column while a batch is gathered.
private struct GatheredColumn {
  private let column: DataColumn
  private var texts: [String] = []
  private var ints: [Int64] = []
  private var doubles: [Double] = []
  private var present: [UInt8] = []
  private var offsets: [Int64] = [0]

  init(_ column: DataColumn) { self.column = column }

  mutating func removeAll() {
    texts.removeAll(keepingCapacity: true)
    ints.removeAll(keepingCapacity: true)
    doubles.removeAll(keepingCapacity: true)
    present.removeAll(keepingCapacity: true)
    offsets = [0]
  }

  /// Adds the value of a row; false, and a missing one, when it is not of the column's type.
  mutating func append(_ value: DataValue) -> Bool {
    guard column.isBag else {
      if add(value) { return true }
      appendNothing()
      return false
    }
    let values: [DataValue] =
      switch value {
      case .bag(let values): values
      case .missing: []
      default: [value]
      }
    var isGood = true
    for value in values where !add(value) { isGood = false }
    offsets.append(Int64(present.count))
    return isGood
  }

  /// Adds a row of which nothing will be read.
  mutating func appendNothing() {
    if column.isBag { offsets.append(Int64(present.count)) } else { _ = add(.missing) }
  }

  private mutating func add(_ value: DataValue) -> Bool {
    switch (column.kind, value) {
    case (.text, .text(let text)): texts.append(text)
    case (.int, .int(let number)): ints.append(Int64(number))
    case (.double, .double(let number)): doubles.append(number)
    case (.double, .int(let number)): doubles.append(Double(number))
    case (.text, .missing): texts.append("")
    case (.int, .missing): ints.append(0)
    case (.double, .missing): doubles.append(.nan)
    default: return false
    }
    present.append(value == .missing ? 0 : 1)
    return true
  }

  func values(in memory: ContractArena) -> dmt_reader_values {
    let start: UnsafeRawPointer? =
      switch column.kind {
      case .text: memory.array(texts.map { memory.text($0) }).map { UnsafeRawPointer($0) }
      case .int: memory.array(ints).map { UnsafeRawPointer($0) }
      case .double: memory.array(doubles).map { UnsafeRawPointer($0) }
      }
    return dmt_reader_values(
      values: start, offsets: column.isBag ? memory.array(offsets) : nil, present: memory.array(present),
      value_count: Int64(present.count))
  }
}
