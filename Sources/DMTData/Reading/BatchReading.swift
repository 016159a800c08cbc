import CDMTPlugin
import DMTCore

/// Reads values of a batch that a reader gave and that has been checked; numbers also as the texts that they are.
struct BatchReading {
  private let batch: dmt_reader_batch
  private let columns: [DataColumn]

  init(_ batch: dmt_reader_batch, columns: [DataColumn]) {
    self.batch = batch
    self.columns = columns
  }

  /// What the reader says about a row, if it is bad.
  ///
  /// - Parameter next: the first problem that has not been looked at, moved on as rows go by.
  func problem(_ next: inout Int, of row: Int, path: String) -> DMTError? {
    guard next < Int(batch.problem_count), let problem = batch.problems?[next], problem.row == row else { return nil }
    next += 1
    var message = "the row cannot be used"
    if let data = problem.message.data, problem.message.size > 0 {
      let text = UnsafeBufferPointer(start: data, count: Int(problem.message.size))
      message = text.withMemoryRebound(to: UInt8.self) { String(decoding: $0, as: UTF8.self) }
    }
    var place = DMTError.Place(file: path)
    if problem.place.line >= 1 {
      place.line = Int(problem.place.line)
      place.column = problem.place.column >= 1 ? Int(problem.place.column) : nil
    }
    return DMTError(.invalidData, message, place: place)
  }

  /// The values of a row: one, or those of its bag.
  func places(_ column: Int, _ row: Int) -> Range<Int> {
    guard let offsets = batch.columns[column].offsets else { return row..<row + 1 }
    return Int(offsets[row])..<Int(offsets[row + 1])
  }

  /// The text of a row's one value; empty: missing.
  func withText<Result>(_ column: Int, _ row: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    withText(column, at: row, body)
  }

  /// The text of a value; empty: missing.
  func withText<Result>(_ column: Int, at place: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let nothing = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    let values = batch.columns[column]
    guard isPresent(column, place), let memory = values.values else { return body(nothing) }
    switch columns[column].kind {
    case .text:
      let text = memory.assumingMemoryBound(to: dmt_str.self)[place]
      guard let data = text.data, text.size > 0 else { return body(nothing) }
      return UnsafeBufferPointer(start: data, count: Int(text.size)).withMemoryRebound(to: UInt8.self, body)
    case .int:
      return Self.withText(of: memory.assumingMemoryBound(to: Int64.self)[place], body)
    case .double:
      let value = memory.assumingMemoryBound(to: Double.self)[place]
      if value.isNaN { return body(nothing) }
      // A whole number is written as one: it may stand for a category or a row number.
      if let whole = Int64(exactly: value), abs(value) < 0x1p53 { return Self.withText(of: whole, body) }
      var text = value.description
      return text.withUTF8(body)
    }
  }

  /// The number of a row's one value (NaN: missing), or nil when it is none.
  func number(_ column: Int, _ row: Int, _ target: NumberColumn) -> Double? {
    guard isPresent(column, row), let memory = batch.columns[column].values else { return .nan }
    switch columns[column].kind {
    case _ where target.hasMissingTexts, .text: return withText(column, row) { target.number(in: $0) }
    case .int: return Double(memory.assumingMemoryBound(to: Int64.self)[row])
    case .double:
      let value = memory.assumingMemoryBound(to: Double.self)[row]
      return value.isInfinite ? nil : value
    }
  }

  private func isPresent(_ column: Int, _ place: Int) -> Bool {
    batch.columns[column].present.map { $0[place] != 0 } ?? true
  }

  /// The decimal digits of a whole number, without memory of their own.
  private static func withText<Result>(of value: Int64, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
      var start = buffer.count
      var rest = value.magnitude
      repeat {
        start -= 1
        buffer[start] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
        rest /= 10
      } while rest > 0
      if value < 0 {
        start -= 1
        buffer[start] = 0x2D
      }
      return body(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[start...]))
    }
  }
}
