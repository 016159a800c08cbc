public import CDMTPlugin
public import DMTCore

extension DataColumn {
  /// A copy of a file's columns from the other side.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for counts, names, types or flags that break the contract, and for a name that
  ///   stands twice.
  public static func copying(
    _ columns: UnsafePointer<dmt_reader_column>?, count: Int32
  ) throws(DMTError) -> [DataColumn] {
    guard (0...DMT_MAX_COLUMNS).contains(count), columns != nil || count == 0 else {
      throw DMTError(
        .invalidArgument, "it has \(count) columns\(columns == nil ? " at NULL" : ""), expected 0 to \(DMT_MAX_COLUMNS)"
      )
    }
    var result: [DataColumn] = []
    var names: Set<String> = []
    for (index, column) in UnsafeBufferPointer(start: columns, count: Int(count)).enumerated() {
      let name = try String(copying: column.name, "the name of column \(index)")
      guard !name.isEmpty else { throw DMTError(.invalidArgument, "column \(index) has no name") }
      guard names.insert(name).inserted else { throw DMTError(.invalidArgument, "it has two columns '\(name)'") }
      guard let kind = Kind(rawValue: column.type) else {
        throw DMTError(.invalidArgument, "column '\(name)' has type \(column.type), expected 0 to 2")
      }
      guard column.flags & ~DMT_COLUMN_BAG == 0 else {
        throw DMTError(.invalidArgument, "column '\(name)' has flags \(column.flags), expected 0 or \(DMT_COLUMN_BAG)")
      }
      result.append(DataColumn(name, kind, isBag: column.flags & DMT_COLUMN_BAG != 0))
    }
    return result
  }

  /// The column as the contract writes it.
  public func contractColumn(in arena: ContractArena) -> dmt_reader_column {
    dmt_reader_column(name: arena.text(name), type: kind.rawValue, flags: isBag ? DMT_COLUMN_BAG : 0)
  }
}

extension dmt_reader_batch {
  /// Whether the batch has what it must for `columns`, so that it can be read without looking again.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` with what is wrong.
  public func check(_ selected: [DataColumn], limit: Int) throws(DMTError) {
    func refuse(_ message: String) -> DMTError { DMTError(.invalidArgument, message) }
    guard (0...Int64(limit)).contains(row_count) else {
      throw refuse("a batch has \(row_count) rows, expected 0 to \(limit)")
    }
    guard columns != nil || selected.isEmpty || row_count == 0 else { throw refuse("the columns of a batch are NULL") }
    guard (0...row_count).contains(problem_count), problems != nil || problem_count == 0 else {
      throw refuse("a batch of \(row_count) rows has \(problem_count) bad ones\(problems == nil ? " at NULL" : "")")
    }
    var last: Int64 = -1
    for problem in UnsafeBufferPointer(start: problems, count: Int(problem_count)) {
      guard problem.row > last, problem.row < row_count else {
        throw refuse("bad rows of a batch do not ascend in 0..<\(row_count): \(problem.row) after \(last)")
      }
      last = problem.row
      let size = problem.message.size
      guard (0...Int64(String.maximumContractSize)).contains(size), problem.message.data != nil || size == 0 else {
        throw refuse("what is said about bad row \(last) of a batch has \(size) bytes")
      }
    }
    guard row_count > 0 else { return }
    for (column, values) in zip(selected, UnsafeBufferPointer(start: columns, count: selected.count)) {
      try values.check(column, rows: Int(row_count))
    }
  }
}

extension dmt_reader_values {
  /// More values of a column in one batch than any file has.
  private static let maximumCount: Int64 = 1 << 40

  fileprivate func check(_ column: DataColumn, rows: Int) throws(DMTError) {
    func refuse(_ message: String) -> DMTError { DMTError(.invalidArgument, "column '\(column.name)' \(message)") }
    guard (0...Self.maximumCount).contains(value_count), values != nil || value_count == 0 else {
      throw refuse("has \(value_count) values\(values == nil ? " at NULL" : "")")
    }
    if column.isBag {
      guard let offsets else { throw refuse("is a bag and has no offsets") }
      guard offsets[0] == 0, offsets[rows] == value_count else {
        throw refuse("has offsets from \(offsets[0]) to \(offsets[rows]), expected 0 to \(value_count)")
      }
      for row in 0..<rows where offsets[row] > offsets[row + 1] {
        throw refuse("has offsets that fall behind row \(row)")
      }
    } else {
      guard value_count == rows else { throw refuse("has \(value_count) values for \(rows) rows") }
    }
    guard column.kind == .text, let texts = values?.assumingMemoryBound(to: dmt_str.self) else { return }
    for index in 0..<Int(value_count) {
      let text = texts[index]
      guard (0...Int64(String.maximumContractSize)).contains(text.size), text.data != nil || text.size == 0 else {
        throw refuse("holds a text of \(text.size) bytes\(text.data == nil ? " at NULL" : "")")
      }
    }
  }
}
