internal import CDMTPlugin
internal import DMTCore
internal import DMTPluginHost
internal import Glibc

/// A reader of a plugin with a file to read.
struct ReaderSubject {
  /// A value of a row, missing ones all alike.
  enum Cell: Hashable, Sendable {
    case missing
    case text([UInt8])
    case int(Int64)
    case double(UInt64)
    indirect case bag([Cell])
  }

  /// A row of a file: its values, or why it cannot be used.
  enum Row: Hashable, Sendable {
    case values([Cell])
    case bad(String)
  }

  let reader: PluginReader
  let attributes: Attributes
  let path: String
  var threads = 1

  /// Rows and values that are read at most: a test is no benchmark.
  static let maximumRows = 5000
  static let maximumValues = 100_000

  /// The reader with any file.
  init(
    _ context: TestContext, _ plugin: SubjectPlugin, path: String, attributes: Attributes? = nil
  ) throws {
    let component = try context.tested()
    guard let reader = plugin.loaded.readers.first(where: { $0.name == component.id }) else {
      throw context.skip("this host does not know revision \(component.revision) of readers")
    }
    self.reader = reader
    let given = attributes ?? SchemaValues.required(reader.attributes)
    self.attributes = try reader.attributes.validated(given, owner: reader.name)
    self.path = path
  }

  /// The reader with the file that was named, which it can read.
  ///
  /// - Throws: ``TestContext/Skipped`` without such a file.
  static func withFile(_ context: TestContext, _ plugin: SubjectPlugin) throws -> (subject: ReaderSubject, rows: [Row])
  {
    let subject = try named(context, plugin)
    context.phase("reading \(subject.path)")
    guard let rows = try? subject.readAll() else {
      throw context.skip("\(subject.path) cannot be read, and reader.rows says why")
    }
    return (subject, rows)
  }

  /// The reader with the file that was named.
  static func named(_ context: TestContext, _ plugin: SubjectPlugin) throws -> ReaderSubject {
    guard let file = context.file else {
      throw context.skip("it needs a file to read: give one with --file")
    }
    return try ReaderSubject(context, plugin, path: file)
  }

  /// Opens, reads and closes the file that was named, or else a few lines; a reader may refuse either.
  static func exercise(
    _ context: TestContext, _ plugin: SubjectPlugin, threads: Int = 1, attributes: Attributes? = nil
  ) throws {
    let lines = try ScratchFile(Array("first second,third\n1 2,3\n4 5,6\n".utf8))
    let path = context.file ?? lines.path
    var subject = try ReaderSubject(context, plugin, path: path, attributes: attributes)
    subject.threads = threads
    context.phase("reading \(context.file ?? "a file with three lines of text")")
    do {
      _ = try subject.readAll()
    } catch {
      // Other errors are reader.rows's, and no work is no wrong work.
      if error.code == .pluginFailed || error.message.contains("failed without a message") { throw error }
    }
  }

  /// Opens the file.
  func open(batchRows: Int = 1000) throws(DMTError) -> any DataFile {
    try reader.open(
      ReaderRequest(path: path, attributes: attributes, batchRows: batchRows, threads: threads))
  }

  /// The file's first rows from the beginning.
  ///
  /// - Parameter columns: nil: all.
  func readAll(batchRows: Int = 1000, columns: [Int]? = nil) throws(DMTError) -> [Row] {
    let file = try open(batchRows: batchRows)
    let chosen = columns ?? Array(file.columns.indices)
    try file.select(chosen)
    return try read(file, chosen)
  }

  /// Rows of an open file from where it stands.
  ///
  /// - Parameter limit: the most rows; nil: as many as a test reads.
  func read(_ file: any DataFile, _ columns: [Int], limit: Int? = nil) throws(DMTError) -> [Row] {
    let limit = limit ?? mostRows(file)
    var rows: [Row] = []
    while rows.count < limit {
      var batch = dmt_reader_batch()
      try file.next(&batch)
      if batch.row_count == 0 { break }
      rows += Self.rows(batch, columns.map { file.columns[$0] })
    }
    return Array(rows.prefix(limit))
  }

  /// Rows that a test reads of a file.
  func mostRows(_ file: any DataFile) -> Int {
    max(20, min(Self.maximumRows, Self.maximumValues / max(1, file.columns.count)))
  }

  /// The rows of a batch that was checked.
  static func rows(_ batch: dmt_reader_batch, _ columns: [DataColumn]) -> [Row] {
    var bad: [Int: String] = [:]
    for problem in UnsafeBufferPointer(start: batch.problems, count: Int(batch.problem_count)) {
      let text = UnsafeRawBufferPointer(start: problem.message.data, count: Int(problem.message.size))
      bad[Int(problem.row)] =
        "\(problem.place.line):\(problem.place.column): \(String(decoding: text, as: UTF8.self))"
    }
    let values = UnsafeBufferPointer(start: batch.columns, count: columns.count)
    return (0..<Int(batch.row_count)).map { row in
      if let message = bad[row] { return .bad(message) }
      return .values(
        zip(columns, values).map { column, values in
          guard column.isBag, let offsets = values.offsets else { return cell(values, column.kind, row) }
          return .bag((Int(offsets[row])..<Int(offsets[row + 1])).map { cell(values, column.kind, $0) })
        })
    }
  }

  private static func cell(_ values: dmt_reader_values, _ kind: DataColumn.Kind, _ index: Int) -> Cell {
    if let present = values.present, present[index] == 0 { return .missing }
    guard let memory = values.values else { return .missing }
    switch kind {
    case .int: return .int(memory.assumingMemoryBound(to: Int64.self)[index])
    case .double:
      let number = memory.assumingMemoryBound(to: Double.self)[index]
      return number.isNaN ? .missing : .double(number.bitPattern)
    case .text:
      let text = memory.assumingMemoryBound(to: dmt_str.self)[index]
      let bytes = UnsafeRawBufferPointer(start: text.data, count: Int(text.size))
      return bytes.isEmpty ? .missing : .text(Array(bytes))
    }
  }

  /// Where two readings differ, in words; nil: nowhere.
  static func difference(_ found: [Row], _ expected: [Row]) -> String? {
    for (index, (a, b)) in zip(found, expected).enumerated() where a != b {
      return "row \(index) is \(words(a)), expected \(words(b))"
    }
    return found.count == expected.count ? nil : "there are \(found.count) rows, expected \(expected.count)"
  }

  private static func words(_ row: Row) -> String {
    switch row {
    case .bad(let message): "bad (\(message))"
    case .values(let cells):
      "[" + cells.prefix(4).map(words).joined(separator: ", ") + (cells.count > 4 ? ", ..]" : "]")
    }
  }

  private static func words(_ cell: Cell) -> String {
    switch cell {
    case .missing: "missing"
    case .text(let bytes): "'\(String(decoding: bytes.prefix(24), as: UTF8.self))'"
    case .int(let value): "\(value)"
    case .double(let bits): "\(Double(bitPattern: bits))"
    case .bag(let cells): "(" + cells.prefix(4).map(words).joined(separator: " ") + (cells.count > 4 ? " ..)" : ")")
    }
  }
}

/// A file that has a path and no name, so that nothing is left of it however the process ends.
final class ScratchFile {
  private let stream: UnsafeMutablePointer<FILE>
  var path: String { "/proc/self/fd/\(fileno(stream))" }

  init(_ bytes: [UInt8]) throws(DMTError) {
    guard let stream = tmpfile() else { throw DMTError(.io, "no temporary file can be made") }
    self.stream = stream
    guard fwrite(bytes, 1, bytes.count, stream) == bytes.count, fflush(stream) == 0 else {
      throw DMTError(.io, "a temporary file cannot be written")
    }
  }

  deinit { fclose(stream) }
}
