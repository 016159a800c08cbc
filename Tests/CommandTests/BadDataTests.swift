import Foundation
import Testing

@Suite("Bad data")
struct BadDataTests {
  /// A line of rows.csv that cannot be used.
  struct BadRow: Sendable, CustomTestStringConvertible {
    var text: String
    var column: Int
    var says: [String]
    var testDescription: String { text }
  }

  static let badRows: [BadRow] = [
    BadRow(text: "u1,i2,a", column: 8, says: ["too short", "3 fields", "expected 5"]),
    BadRow(text: "u1,i2,a,1,1,9", column: 13, says: ["too long", "expected 5"]),
    BadRow(text: "u1,i2,a,cheap,1", column: 9, says: ["'price'", "needs a number", "'cheap'"]),
    BadRow(text: "u1,i2,a,1.5,2", column: 13, says: ["'clicked'", "0 or 1", "'2'"]),
    BadRow(text: "u1,i2,a,1.5,", column: 13, says: ["'clicked'", "0 or 1", "an empty field"]),
    BadRow(text: "u1,i2,a,1.5,yes", column: 13, says: ["'clicked'", "0 or 1", "'yes'"]),
  ]

  @Test("a bad row is named with file, line and column, and leaves no run behind", arguments: badRows)
  func badRow(_ row: BadRow) throws {
    let workspace = try Workspace()
    try workspace.writeRows("rows.csv", line: 5, row.text)
    let result = try Command.run(["train", "m.yaml", "--out", "run"], in: workspace)
    expectFailure(result, status: 65, place: "rows.csv:5:\(row.column)", says: row.says + ["data.max_bad_rows"])
    #expect(!workspace.has("run"))
  }

  @Test("bad rows up to the limit are counted and left out, one more is an error with the first ones")
  func limit() throws {
    let workspace = try Workspace()
    var rows = Workspace.rows
    rows[4] = "u1,i2,a,cheap,1"
    rows[9] = "u1"
    try workspace.write("rows.csv", rows.joined(separator: "\n") + "\n")
    let allowed = ["train", "m.yaml", "--max-steps", "1", "--out"]
    let good = try Command.run(allowed + ["two", "--set", "data.max_bad_rows=2"], in: workspace)
    #expect(good.status == 0 && good.errors.contains("2 bad rows"), "\(good)")
    let bad = try Command.run(allowed + ["one", "--set", "data.max_bad_rows=1"], in: workspace)
    expectFailure(
      bad, status: 65, place: "rows.csv",
      says: ["at most 1", "rows.csv:5:9: error: ", "rows.csv:10:3: error: ", "data.max_bad_rows"])
  }

  @Test("a missing column is named with the columns that are there")
  func missingColumn() throws {
    let workspace = try Workspace()
    try workspace.writeManifest("bad.yaml", "column: tags", "column: tagz")
    let result = try Command.run(["train", "bad.yaml", "--out", "run"], in: workspace)
    expectFailure(
      result, status: 66, place: "bad.yaml:6:3",
      says: ["'tagz'", "rows.csv", "user, item, tags, price, clicked", "did you mean 'tags'?"])
    #expect(!workspace.has("run"))
    let label = try Command.run(["train", "m.yaml", "--set", "data.label=klicked", "--out", "run"], in: workspace)
    #expect(label.status == 66 && label.errors.contains("'klicked'"), "\(label)")
  }

  /// File endings with the tools that unpack them, where these are installed.
  static let packers: [(ending: String, tool: String)] = [("xz", "xz"), ("gz", "gzip"), ("zst", "zstd")].filter {
    packer in
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(packer.1)")
    }
  }

  @Test("a truncated packed file is an error, however much of it is there", arguments: packers)
  func truncated(_ ending: String, _ tool: String) throws {
    let workspace = try Workspace()
    let packed = try Command.shell("\(tool) -qkf rows.csv", in: workspace)
    try #require(packed.status == 0, "\(packed)")
    let name = "rows.csv." + ending
    let bytes = try workspace.bytes(name)
    for length in [bytes.count - 1, bytes.count / 2, 20] {
      try bytes.prefix(length).write(to: URL(filePath: workspace.path + "/" + name))
      let result = try Command.run(["train", "m.yaml", "--set", "data.path=\(name)", "--out", "run"], in: workspace)
      expectFailure(result, status: 65, place: name, says: [tool, "truncated or damaged"])
      #expect(!workspace.has("run"))
    }
  }

  @Test("an index past its table names the feature, the index and the range")
  func indexOutOfRange() throws {
    let workspace = try Workspace()
    let rows = Workspace.rows.map { $0.hasPrefix("u") ? $0.replacing(",i", with: ",") : $0 }
    try workspace.write("rows.csv", ([Workspace.rows[0]] + rows.dropFirst()).joined(separator: "\n") + "\n")
    try workspace.writeManifest("good.yaml", "item: item", "item: {column: item, index: 15}")
    #expect(try Command.run(["train", "good.yaml", "--out", "run", "--max-steps", "1"], in: workspace).status == 0)
    try workspace.writeManifest("bad.yaml", "item: item", "item: {column: item, index: 9}")
    let result = try Command.run(["train", "bad.yaml", "--out", "bad"], in: workspace)
    expectFailure(result, status: 65, place: "rows.csv:4:5", says: ["'item'", "index 10", "expected 0..<9"])
    #expect(!workspace.has("bad"))
  }

  @Test("a file that is not there, and one that is empty, are told apart")
  func noFile() throws {
    let workspace = try Workspace()
    let missing = try Command.run(["train", "m.yaml", "--set", "data.path=none.csv", "--out", "run"], in: workspace)
    expectFailure(missing, status: 66, place: "none.csv", says: ["cannot be opened"])
    try workspace.write("empty.csv", "")
    let empty = try Command.run(["train", "m.yaml", "--set", "data.path=empty.csv", "--out", "run"], in: workspace)
    #expect(empty.status == 65 && empty.errors.contains("empty.csv"), "\(empty)")
    try workspace.write("header.csv", Workspace.rows[0] + "\n")
    let header = try Command.run(["train", "m.yaml", "--set", "data.path=header.csv", "--out", "run"], in: workspace)
    #expect(header.status == 65, "\(header)")
    #expect(!workspace.has("run"))
  }

  @Test("predict names a bad row of its input and writes nothing")
  func predict() throws {
    let workspace = try Workspace()
    #expect(try Command.run(["train", "m.yaml", "--out", "run", "--max-steps", "1"], in: workspace).status == 0)
    try workspace.write("new.csv", "user,item,tags,price\nu1,i2,a,1\nu1,i2,a,much\n")
    let result = try Command.run(["predict", "run", "--input", "new.csv", "--output", "p.csv"], in: workspace)
    expectFailure(result, status: 65, place: "new.csv:3:9", says: ["'price'", "'much'"])
    #expect(!workspace.has("p.csv"))
    try workspace.write("less.csv", "user,item,tags\nu1,i2,a\n")
    let less = try Command.run(["predict", "run", "--input", "less.csv"], in: workspace)
    #expect(less.status == 66 && less.errors.contains("'price'"), "\(less)")
    let none = try Command.run(["predict", "run", "--input", "none.csv"], in: workspace)
    expectFailure(none, status: 66, place: "none.csv", says: ["cannot be opened"])
  }
}
