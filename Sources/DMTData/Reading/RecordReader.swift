package import DMTCore

/// Where a field lies in the buffer of its reader.
struct FieldSpan {
  var start: Int
  var end: Int
  /// The field was quoted and holds doubled quotes.
  var isEscaped: Bool
}

/// Cuts a CSV stream (RFC 4180; LF or CRLF) into records and fields.
package final class RecordReader {
  /// How the text is cut.
  package struct Dialect: Sendable {
    var delimiter: UInt8 = 0x2C
    /// Double quotes hold a field together.
    var quotes = true
    /// Blanks around a field are no part of it.
    var trim = false

    package init(delimiter: UInt8 = 0x2C, quotes: Bool = true, trim: Bool = false) {
      self.delimiter = delimiter
      self.quotes = quotes
      self.trim = trim
    }
  }

  /// What is wrong with the layout of a record.
  package struct Problem {
    var at: Int
    package var message: String
  }

  /// A record longer than this is taken for a quote that nobody closed.
  static let maximumRecordBytes = 16 << 20

  let path: String
  let dialect: Dialect
  private let buffer: RecordBuffer
  /// Fields of the current record.
  private(set) var fields: [FieldSpan] = []
  package private(set) var fieldCount = 0
  /// The line on which the current record starts, from 1.
  package private(set) var line = 0
  /// What is wrong with the current record's layout, if anything.
  package private(set) var problem: Problem?
  private var nextLine = 1
  private var recordStart = 0
  private var scratch: [UInt8] = []

  /// Reads a file, through its decompressor where it needs one.
  package convenience init(path: String, dialect: Dialect) throws(DMTError) {
    try self.init(path: path, source: try InputFile.open(path), dialect: dialect)
  }

  /// Reads any source; `path` is for messages.
  package init(path: String, source: any ByteSource, dialect: Dialect, capacity: Int = 1 << 20) throws(DMTError) {
    self.path = path
    self.dialect = dialect
    buffer = RecordBuffer(source: source, capacity: capacity)
    while buffer.end < 3, !buffer.isComplete { try buffer.readMore() }
    let bytes = buffer.bytes
    if buffer.end >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { buffer.start = 3 }
  }

  /// The bytes the fields lie in; valid until the next record is read.
  var bytes: UnsafeBufferPointer<UInt8> { buffer.bytes }

  /// Skips one line of text, whatever it holds; false at the end.
  func skipLine() throws(DMTError) -> Bool {
    var at = buffer.start
    while true {
      let bytes = buffer.bytes
      while at < buffer.end, bytes[at] != 0x0A { at += 1 }
      if at < buffer.end {
        buffer.start = at + 1
        nextLine += 1
        return true
      }
      if buffer.isComplete {
        let had = buffer.pendingCount > 0
        buffer.start = buffer.end
        return had
      }
      at -= buffer.start
      try buffer.readMore()
    }
  }

  /// Reads the next record that is not an empty line; false at the end.
  package func next() throws(DMTError) -> Bool {
    while true {
      let consumed: Int
      switch scan() {
      case .record(let end, let newlines):
        consumed = end
        line = nextLine
        nextLine += newlines
      case .cutOff:
        try buffer.readMore()
        continue
      case .nothing:
        return false
      }
      recordStart = buffer.start
      buffer.start = consumed
      if problem == nil, fieldCount == 1, fields[0].start == fields[0].end, !wasQuoted { continue }
      return true
    }
  }

  /// The text of a field, quotes undone.
  package func text(_ field: Int) -> String { withField(field) { String(decoding: $0, as: UTF8.self) } }

  /// Calls `body` with the bytes of a field, quotes undone.
  @inline(__always)
  func withField<Result>(_ field: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let span = fields[field]
    let raw = UnsafeBufferPointer(rebasing: buffer.bytes[span.start..<span.end])
    guard span.isEscaped else { return body(raw) }
    scratch.removeAll(keepingCapacity: true)
    var at = 0
    while at < raw.count {
      scratch.append(raw[at])
      if raw[at] == 0x22 { at += 1 }
      at += 1
    }
    return scratch.withUnsafeBufferPointer(body)
  }

  /// The place of byte `at` of the current record: columns are counted in characters (Unicode scalars).
  func place(at: Int) -> DMTError.Place {
    var line = line
    var column = 1
    let bytes = buffer.bytes
    for index in recordStart..<max(recordStart, min(at, buffer.end)) {
      if bytes[index] == 0x0A {
        line += 1
        column = 1
      } else if bytes[index] & 0xC0 != 0x80 {
        column += 1
      }
    }
    return DMTError.Place(file: path, line: line, column: column)
  }

  /// The place where a field starts.
  package func place(field: Int) -> DMTError.Place { place(at: fields[field].start) }

  /// The place just behind the last field.
  var placeOfEnd: DMTError.Place { place(at: fieldCount > 0 ? fields[fieldCount - 1].end : recordStart) }

  // MARK: Scanning

  private enum Scan {
    case record(end: Int, newlines: Int)
    case cutOff
    case nothing
  }

  private var wasQuoted = false

  @inline(__always)
  private func append(_ start: Int, _ end: Int, escaped: Bool) {
    let span = FieldSpan(start: start, end: end, isEscaped: escaped)
    if fieldCount < fields.count { fields[fieldCount] = span } else { fields.append(span) }
    fieldCount += 1
  }

  @inline(__always)
  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 && dialect.delimiter != 0x09 }

  /// Scans one record from the buffer's start without consuming it.
  private func scan() -> Scan {
    let bytes = buffer.bytes
    let end = buffer.end
    let isComplete = buffer.isComplete
    let delimiter = dialect.delimiter
    var at = buffer.start
    fieldCount = 0
    problem = nil
    wasQuoted = false
    var newlines = 0
    if at == end { return isComplete ? .nothing : .cutOff }
    while true {
      if dialect.trim { while at < end, isBlank(bytes[at]) { at += 1 } }
      if dialect.quotes, at < end, bytes[at] == 0x22 {
        wasQuoted = true
        let opening = at
        guard let close = closingQuote(from: at + 1, newlines: &newlines, bytes: bytes, end: end) else {
          if !isComplete, buffer.pendingCount < Self.maximumRecordBytes { return .cutOff }
          return abandon(at: opening, "the quote that opens here is never closed", bytes: bytes, end: end)
        }
        append(opening + 1, close.at, escaped: close.isEscaped)
        at = close.at + 1
        if dialect.trim { while at < end, isBlank(bytes[at]) { at += 1 } }
        if at < end, bytes[at] == 0x0D {
          if at + 1 == end {
            if !isComplete { return .cutOff }
            at = end
          } else if bytes[at + 1] == 0x0A {
            at += 1
          }
        }
        if at < end, bytes[at] != delimiter, bytes[at] != 0x0A {
          return abandon(at: at, "text follows a closing quote", bytes: bytes, end: end)
        }
      } else {
        let start = at
        while at < end, bytes[at] != delimiter, bytes[at] != 0x0A { at += 1 }
        if at == end, !isComplete { return .cutOff }
        var last = at
        if last > start, bytes[last - 1] == 0x0D, at == end || bytes[at] == 0x0A { last -= 1 }
        if dialect.trim { while last > start, isBlank(bytes[last - 1]) { last -= 1 } }
        append(start, last, escaped: false)
      }
      if at == end { return isComplete ? .record(end: end, newlines: newlines + 1) : .cutOff }
      at += 1
      if bytes[at - 1] == 0x0A { return .record(end: at, newlines: newlines + 1) }
    }
  }

  private func closingQuote(
    from start: Int, newlines: inout Int, bytes: UnsafeBufferPointer<UInt8>, end: Int
  ) -> (at: Int, isEscaped: Bool)? {
    var at = start
    var isEscaped = false
    while at < end {
      if bytes[at] == 0x0A { newlines += 1 }
      if bytes[at] == 0x22 {
        if at + 1 < end, bytes[at + 1] == 0x22 {
          isEscaped = true
          at += 2
          continue
        }
        // The next byte decides whether this quote is doubled.
        if at + 1 == end, !buffer.isComplete { return nil }
        return (at, isEscaped)
      }
      at += 1
    }
    return nil
  }

  /// Gives up on the record: reading goes on behind the line of `at`.
  private func abandon(at: Int, _ message: String, bytes: UnsafeBufferPointer<UInt8>, end: Int) -> Scan {
    problem = Problem(at: at, message: message)
    var newlines = 1
    for index in buffer.start..<at where bytes[index] == 0x0A { newlines += 1 }
    var next = at
    while next < end, bytes[next] != 0x0A { next += 1 }
    if next == end, !buffer.isComplete, buffer.pendingCount < Self.maximumRecordBytes { return .cutOff }
    return .record(end: min(next + 1, end), newlines: newlines)
  }
}
