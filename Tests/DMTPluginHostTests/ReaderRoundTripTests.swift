import CDMTPlugin
import DMTPluginHost
import DMTPluginKit
import Testing

/// Rows that are made up: as many as the attribute says; the third is bad, and reading fails after another number.
struct TestReader: RowReader {
  let name = "com.example.rows"
  let summary = "Makes rows up."
  let attributes: AttributeSchema = [
    AttributeField("count", .int, "Rows.", default: .int(7)),
    AttributeField("fails", .int, "After.", default: .int(99)),
  ]
  let contentRevision = 4

  func open(_ path: String, attributes: Attributes) throws(DMTError) -> any RowFile {
    if path.hasSuffix(".bad") {
      throw DMTError(.invalidData, "no rows of ours", place: .init(line: 1, column: 3), remedy: "name another file")
    }
    return TestRows(count: try attributes.int("count"), fails: try attributes.int("fails"))
  }
}

final class TestRows: RowFile {
  let columns = [
    DataColumn("text", .text), DataColumn("int", .int), DataColumn("double", .double),
    DataColumn("bag", .int, isBag: true),
  ]
  private let count: Int
  private let fails: Int
  private var row = 0

  init(count: Int, fails: Int) {
    self.count = count
    self.fails = fails
  }

  func next() throws(DMTError) -> DataRow? {
    guard row < count else { return nil }
    if row == fails { throw DMTError(.io, "the disk is gone", place: .init(line: row + 2, column: 5)) }
    row += 1
    switch row {
    case 3: return .bad("row three is odd", line: 4, column: 2)
    case 5: return .values([.int(1), .int(2), .double(3), .bag([])], line: 6)
    case 6: return .values([.missing, .missing, .missing, .missing], line: nil)
    default:
      return .values(
        [.text("t\(row)"), .int(-row), .int(row), .bag((0..<row % 3).map { .int($0) })], line: row + 1)
    }
  }
}

/// What a test looks at of a batch.
struct ReadBatch: Equatable {
  var texts: [String] = []
  var ints: [Int64] = []
  var problems: [String] = []
  var count = 0

  /// - Parameters: positions of a text and an int column, which may be a bag, among the selected.
  init(_ batch: dmt_reader_batch, text: Int? = nil, int: Int? = nil) {
    count = Int(batch.row_count)
    guard count > 0 else { return }
    if let text, let values = batch.columns[text].values?.assumingMemoryBound(to: dmt_str.self) {
      texts = (0..<Int(batch.columns[text].value_count)).map { index in
        let bytes = UnsafeBufferPointer(start: values[index].data, count: Int(values[index].size))
        return bytes.withMemoryRebound(to: UInt8.self) { String(decoding: $0, as: UTF8.self) }
      }
    }
    if let int, let values = batch.columns[int].values?.assumingMemoryBound(to: Int64.self) {
      ints = Array(UnsafeBufferPointer(start: values, count: Int(batch.columns[int].value_count)))
    }
    for index in 0..<Int(batch.problem_count) {
      let problem = batch.problems[index]
      let bytes = UnsafeBufferPointer(start: problem.message.data, count: Int(problem.message.size))
      let message = bytes.withMemoryRebound(to: UInt8.self) { String(decoding: $0, as: UTF8.self) }
      problems.append("\(problem.row) \(problem.place.line):\(problem.place.column) \(message)")
    }
  }
}

@Suite("A plugin's reader, through the C tables and back")
struct ReaderRoundTripTests {
  private func open(_ attributes: Attributes = [:], batch: Int = 4, path: String = "rows") throws -> any DataFile {
    let reader = try #require(try RoundTrip().plugin.readers.first)
    let valid = try reader.attributes.validated(attributes, owner: "test")
    return try reader.open(ReaderRequest(path: path, attributes: valid, batchRows: batch))
  }

  @Test("names, schema and columns are those of the author")
  func schema() throws {
    let reader = try #require(try RoundTrip().plugin.readers.first)
    #expect(reader.name == "com.example.rows" && reader.contentRevision == 4)
    #expect(reader.attributes == TestReader().attributes)
    let file = try open()
    #expect(file.columns == TestRows(count: 0, fails: 0).columns && file.rowCount == nil)
  }

  @Test("rows come in batches, bad ones among them with their places")
  func batches() throws {
    let file = try open()
    try file.select([3, 0])
    var batch = dmt_reader_batch()
    try file.next(&batch)
    #expect(ReadBatch(batch, text: 1, int: 0).texts == ["t1", "t2", "", "t4"])
    #expect(ReadBatch(batch, text: 1, int: 0).ints == [0, 0, 1, 0])
    #expect(ReadBatch(batch).problems == ["2 4:2 row three is odd"])
    #expect(file.place(row: 3, column: 0) == DMTError.Place(file: "rows", line: 5))
    #expect(file.place(row: 4, column: 0) == DMTError.Place(file: "rows"))
    try file.next(&batch)
    let second = ReadBatch(batch, text: 1)
    #expect(second.count == 3 && second.texts == ["", "", "t7"])
    #expect(second.problems == ["0 6:0 column 'text' holds int(1), which is not of its type"])
    #expect(batch.columns[1].present.map { Array(UnsafeBufferPointer(start: $0, count: 3)) } == [0, 0, 1])
    for _ in 0..<2 {
      try file.next(&batch)
      #expect(batch.row_count == 0)
    }
  }

  @Test("errors of the author come back with file, line and column, and end the file")
  func failures() throws {
    let refused = #expect(throws: DMTError.self) { try open(path: "x.bad") }
    #expect(refused?.code == .invalidData && refused?.message == "no rows of ours (name another file)")
    #expect(
      refused?.place
        == DMTError.Place(
          file: "x.bad", line: 1, column: 3, plugin: "com.example.test", component: "com.example.rows", phase: "open"))
    let file = try open(["fails": .int(5)])
    try file.select([0])
    var batch = dmt_reader_batch()
    try file.next(&batch)
    let failed = #expect(throws: DMTError.self) { try file.next(&batch) }
    #expect(failed?.message == "the disk is gone")
    #expect(failed?.place.file == "rows" && failed?.place.line == 7 && failed?.place.column == 5)
    try file.next(&batch)
    #expect(batch.row_count == 0)
  }

  @Test("a reader that cannot seek has its rows dropped, and cannot go back")
  func seek() throws {
    for row in 0...8 {
      let file = try open(["count": .int(8)], batch: 3)
      try file.select([1])
      try file.seek(toRow: row)
      var ints: [Int64] = []
      var problems: [String] = []
      var batch = dmt_reader_batch()
      while true {
        try file.next(&batch)
        if batch.row_count == 0 { break }
        let read = ReadBatch(batch, int: 0)
        for (index, value) in read.ints.enumerated() where index == 0 && value < 0 {
          #expect(file.place(row: index, column: 0).line == Int(-value) + 1)
        }
        ints += read.ints
        problems += read.problems.map { String($0.drop { $0 != " " }) }
      }
      #expect(ints == [-1, -2, 0, -4, 2, 0, -7, -8].dropFirst(row).map { Int64($0) }, "from \(row)")
      #expect(problems.count == (row <= 2 ? 1 : 0))
    }
    let file = try open()
    try file.select([1])
    var batch = dmt_reader_batch()
    try file.next(&batch)
    let error = #expect(throws: DMTError.self) { try file.seek(toRow: 1) }
    #expect(error?.message == "reader com.example.rows cannot go back from row 4 to row 1")
  }
}
