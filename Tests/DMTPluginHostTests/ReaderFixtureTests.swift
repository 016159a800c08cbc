import CDMTPlugin
import DMTCore
import DMTPluginHost
import Foundation
import Testing

@Suite("A reader in C")
struct ReaderFixtureTests {
  private let fixtures: PluginFixtures

  init() throws { fixtures = try PluginFixtures() }

  private static let attributes: Attributes = [
    "integers": .strings(["n"]), "numbers": .strings(["x"]), "bags": .strings(["tags"]),
  ]

  /// The reader, with defect number `defect`.
  private func reader(_ defect: Int = 0) throws -> PluginReader {
    let library = try fixtures.build("reader", as: "reader-\(defect)", ["DEFECT=\(defect)"])
    let registry = try PluginRegistry.load(try fixtures.options([library], scansOnly: false))
    return try #require(registry.plugins.first { $0.path == library }?.readers.first)
  }

  private func open(_ reader: PluginReader, _ text: String, batch: Int = 4, extra: Attributes = [:]) throws
    -> any DataFile
  {
    let path = fixtures.folder + "/rows.txt"
    try Data(text.utf8).write(to: URL(filePath: path))
    var attributes = Self.attributes
    for (name, value) in extra.values { attributes[name] = value }
    return try reader.open(
      ReaderRequest(path: path, attributes: try reader.attributes.validated(attributes, owner: "x"), batchRows: batch))
  }

  private static let rows = "name,n,x,tags\n" + (0..<10).map { "r\($0),\($0),\($0).5,a|b\($0)\n" }.joined()

  @Test("columns, rows and places are those of the file")
  func batches() throws {
    let file = try open(try reader(), Self.rows)
    #expect(
      file.columns == [
        DataColumn("name", .text), DataColumn("n", .int), DataColumn("x", .double),
        DataColumn("tags", .text, isBag: true),
      ])
    #expect(file.rowCount == 10)
    try file.select([1, 3])
    var batch = dmt_reader_batch()
    var texts: [String] = []
    for count in [4, 4, 2, 0] {
      try file.next(&batch)
      #expect(batch.row_count == count)
      texts += ReadBatch(batch, text: 1, int: 0).texts
      if count == 2 {
        #expect(file.place(row: 1, column: 1).line == 11 && file.place(row: 1, column: 1).column == 10)
      }
    }
    #expect(texts == (0..<10).flatMap { ["a", "b\($0)"] })
  }

  @Test("from any row on, batches hold what they hold from the start", arguments: [0, 16])
  func seek(_ defect: Int) throws {
    let reader = try reader(defect)
    for row in [0, 1, 3, 4, 7, 9, 10, 25] {
      let file = try open(reader, Self.rows)
      try file.select([1])
      try file.seek(toRow: row)
      var ints: [Int64] = []
      var batch = dmt_reader_batch()
      repeat {
        try file.next(&batch)
        ints += ReadBatch(batch, int: 0).ints
      } while batch.row_count > 0
      #expect(ints == (0..<10).dropFirst(row).map { Int64($0) }, "from row \(row)")
    }
  }

  @Test("a failure in the middle has its line, and bad rows have theirs")
  func failures() throws {
    let reader = try reader()
    let bad = try open(reader, "name,n,x,tags\na,1,1,\nb,2\nc,three,1,\n")
    try bad.select([0, 1])
    var batch = dmt_reader_batch()
    try bad.next(&batch)
    #expect(
      ReadBatch(batch).problems == [
        "1 3:4 the row has 2 fields, expected 4", "2 4:3 column 'n' needs a number, found 'three'",
      ])
    let file = try open(reader, Self.rows, extra: ["fail_at": .int(7)])
    try file.select([0])
    try file.next(&batch)
    let error = #expect(throws: DMTError.self) { try file.next(&batch) }
    #expect(error?.message == "the rest of the file is gone" && error?.place.line == 7)
    #expect(error?.place.component == "com.example.lines" && error?.place.phase == "next")
    let refused = #expect(throws: DMTError.self) { try open(reader, "{\"json\": 1}\n") }
    #expect(refused?.code == .invalidData && refused?.place.line == 1)
  }

  /// How Tests/Fixtures/Plugins/reader.c misbehaves while it reads, and what is said about it.
  static let defects: [(number: Int, says: String)] = [
    (1, "column 'name' has 3 values for 4 rows"), (2, "column 'tags' has offsets"), (3, "values at NULL"),
    (4, "the columns of a batch are NULL"), (5, "a batch has 5 rows, expected 0 to 4"),
    (6, "bad rows of a batch do not ascend in 0..<4: 1 after 1"), (7, "bad rows of a batch do not ascend in 0..<4: 4"),
    (8, "it has two columns 'name'"), (9, "column 'name' has type 9, expected 0 to 2"),
    (10, "and gives 10"), (15, "column 'name' holds a text of -4 bytes"),
  ]

  @Test("a batch that breaks the contract is the plugin's fault, with the reason", arguments: defects)
  func defect(_ defect: (number: Int, says: String)) throws {
    let reader = try reader(defect.number)
    let error = #expect(throws: DMTError.self) {
      let file = try open(reader, Self.rows)
      try file.select([0, 3])
      var batch = dmt_reader_batch()
      repeat { try file.next(&batch) } while batch.row_count > 0
    }
    #expect(error?.code == .pluginFailed)
    #expect(error?.message.contains(defect.says) == true, "\(error?.description ?? "")")
    #expect(error?.place.component == "com.example.lines")
  }

  /// How it misbehaves when it is loaded.
  static let refusals: [(number: Int, says: String)] = [
    (11, "its table lacks open, select, next or close"), (12, "a reader is named 'lines', expected a name with a dot"),
    (13, "it has an attribute 'path', which is a key of every format"), (14, "its content_revision is 0"),
  ]

  @Test("a table that breaks the contract is refused with the reason", arguments: refusals)
  func refusal(_ defect: (number: Int, says: String)) throws {
    let library = try fixtures.build("reader", as: "refused", ["DEFECT=\(defect.number)"])
    let result = try PluginFixtures.scanner().scan(library: library)
    #expect(result.status == .refused)
    #expect(result.reason?.contains(defect.says) == true, "\(result.reason ?? "")")
  }
}
