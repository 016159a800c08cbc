import Foundation
import Testing

/// Training on a format that a plugin reads, as its users do.
@Suite("Readers of a plugin")
struct ReaderPluginTests {
  private let workspace: Workspace
  private let library: String

  init() throws {
    workspace = try Workspace()
    library = try PluginTests.build("reader", as: "reader", in: workspace)
    try workspace.writeManifest("r.yaml", "format: csv, path: rows.csv", Self.format + ", path: rows.csv")
  }

  private static let format = "format: com.example.lines, numbers: [price], integers: [clicked]"

  private func dmt(_ arguments: [String]) throws -> Command.Result {
    try Command.run(arguments + ["--plugin", library], in: workspace)
  }

  /// Trains, and gives the checkpoint.
  private func train(_ manifest: String, _ run: String, _ more: [String] = []) throws -> Data {
    let result = try dmt(["train", manifest, "--out", run] + more)
    try #require(result.status == 0, "\(result)")
    return try workspace.bytes(run + "/checkpoint.safetensors")
  }

  @Test("the same rows give the same weights as the built-in format, also from the cache")
  func same() throws {
    let builtin = try SavedTensors(train("m.yaml", "builtin"))
    let first = try SavedTensors(train("r.yaml", "first"))
    #expect(first.names == builtin.names && first.difference(from: builtin).0 == 0)
    let again = try dmt(["train", "r.yaml", "--out", "again"])
    #expect(again.status == 0, "\(again)")
    #expect(try SavedTensors(run: "again", in: workspace).difference(from: builtin).0 == 0)
    #expect(try workspace.names(".dmt").filter { $0.hasSuffix(".samples") }.count == 2)
    for (run, other) in [("first", "builtin")] {
      let a = try dmt(["eval", run, "--json"]).json()
      let b = try dmt(["eval", other, "--json"]).json()
      for key in ["auc", "logloss", "examples"] { #expect(a[key] as? Double == b[key] as? Double, "\(key)") }
    }
  }

  @Test("bags of a column are the pieces between separators")
  func bags() throws {
    // A bag column has empty bags, a field that is cut has one empty piece: here every row has a tag.
    let rows = Workspace.rows.map { $0.replacingOccurrences(of: ",,", with: ",z,") }
    try workspace.write("rows.csv", rows.joined(separator: "\n") + "\n")
    let text = Workspace.manifest.replacingOccurrences(
      of: "format: csv, path: rows.csv", with: Self.format + ", bags: [tags], path: rows.csv"
    ).replacingOccurrences(of: #"separator: "|", "#, with: "")
    try workspace.write("bags.yaml", text)
    let builtin = try SavedTensors(train("m.yaml", "builtin"))
    let own = try SavedTensors(train("bags.yaml", "own"))
    #expect(own.names == builtin.names && own.difference(from: builtin).0 == 0)
  }

  @Test("a run that was stopped goes on to the same bits, and predicts rows without labels")
  func resume() throws {
    let whole = try train("r.yaml", "whole")
    _ = try train("r.yaml", "begun", ["--max-steps", "6"])
    let resumed = try dmt(["train", "--resume", "begun"])
    #expect(resumed.status == 0, "\(resumed)")
    #expect(try workspace.bytes("begun/checkpoint.safetensors") == whole)
    let fields = Workspace.rows.map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    try workspace.write("new.txt", fields.map { $0.dropLast().joined(separator: ",") }.joined(separator: "\n") + "\n")
    let new = try dmt(["predict", "whole", "--input", "new.txt"])
    let old = try dmt(["predict", "whole", "--input", "rows.csv"])
    #expect(new.status == 0 && new.lines.count == 401 && new.output == old.output, "\(new)")
  }

  @Test("another content revision reads the files anew")
  func revision() throws {
    _ = try train("r.yaml", "first", ["--max-steps", "1"])
    let next = try PluginTests.build("reader", as: "next", ["CONTENT_REVISION=2"], in: workspace)
    let result = try Command.run(
      ["train", "r.yaml", "--out", "second", "--max-steps", "1", "--plugin", next], in: workspace)
    #expect(result.status == 0, "\(result)")
    #expect(try workspace.names(".dmt").filter { $0.hasSuffix(".samples") }.count == 2)
    let stale = try Command.run(["train", "--resume", "first", "--plugin", next], in: workspace)
    #expect(stale.status == 64 && stale.errors.contains("the data are not those the run was begun with"), "\(stale)")
  }

  @Test("bad rows are counted and left out as far as the manifest says, the same as the built-in format's")
  func badRows() throws {
    var rows = Workspace.rows
    rows[9] = "u1,i1"
    rows[20] = "u1,i1,a,cheap,1"
    rows[30] = "u1,i1,a,2,5"
    try workspace.write("rows.csv", rows.joined(separator: "\n") + "\n")
    let refused = try dmt(["train", "r.yaml", "--out", "run"])
    expectFailure(
      refused, status: 65, place: "rows.csv:10:6", says: ["the row has 2 fields, expected 5", "data.max_bad_rows"])
    #expect(!workspace.has("run"))
    let more = ["--set", "data.max_bad_rows=2"]
    let third = try dmt(["train", "r.yaml", "--out", "run"] + more)
    #expect(third.status == 65 && third.errors.contains("3 bad rows so far"), "\(third)")
    #expect(third.errors.contains("rows.csv:31:11: error: label column 'clicked' needs 0 or 1, found '5'"), "\(third)")
    let own = try SavedTensors(train("r.yaml", "own", ["--set", "data.max_bad_rows=3"]))
    let builtin = try SavedTensors(train("m.yaml", "builtin", ["--set", "data.max_bad_rows=3"]))
    #expect(own.difference(from: builtin).0 == 0)
  }

  @Test("a failure in the middle of a file ends with its line and the plugin, and leaves no run")
  func failing() throws {
    let result = try dmt(["train", "r.yaml", "--out", "run", "--set", "data.fail_at=200"])
    #expect(result.status == 74, "\(result)")
    #expect(
      result.errors.contains(
        "rows.csv:200:1: plugin com.example.reader/com.example.lines (next): error: the rest of the file is gone"),
      "\(result)")
    #expect(!workspace.has("run"))
  }

  @Test("a batch that breaks the contract ends with the reason", arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15])
  func defect(_ number: Int) throws {
    let bad = try PluginTests.build("reader", as: "bad", ["DEFECT=\(number)"], in: workspace)
    let result = try Command.run(
      ["train", "r.yaml", "--out", "run", "--set", "data.bags=[tags]", "--plugin", bad], in: workspace)
    #expect(result.status == 70, "\(result)")
    #expect(result.errors.contains("plugin com.example.reader/com.example.lines ("), "\(result)")
    #expect(result.errors.contains("report this to the plugin's author"), "\(result)")
  }

  @Test("columns, attributes and formats that are wrong are said with their place")
  func wrongUse() throws {
    let none = try dmt(["train", "r.yaml", "--out", "run", "--set", "features.user.column=uzer"])
    #expect(
      none.status == 66 && none.errors.contains("'uzer'") && none.errors.contains("did you mean 'user'?"), "\(none)")
    let bag = try dmt(["train", "r.yaml", "--out", "run", "--set", "data.bags=[price]"])
    #expect(bag.status == 65 && bag.errors.contains("dense feature 'price' needs one value a row"), "\(bag)")
    let key = try dmt(["check", "r.yaml", "--set", "data.delimiter=;"])
    #expect(key.status == 78 || key.status == 64, "\(key)")
    try workspace.writeManifest("w.yaml", "format: csv", "format: com.example.lanes")
    expectFailure(
      try dmt(["check", "w.yaml"]), status: 78, place: "w.yaml:2:16",
      says: ["unknown format 'com.example.lanes'", "did you mean 'com.example.lines'?"])
    let missing = try dmt(["train", "r.yaml", "--out", "run", "--set", "data.path=none.csv"])
    #expect(missing.status == 66 && missing.errors.contains("none.csv"), "\(missing)")
    let absent = try Command.run(["check", "r.yaml"], in: workspace)
    expectFailure(
      absent, status: 78, place: "r.yaml:2:16", says: ["a plugin's format needs the plugin", "plugin list --why"])
  }

  @Test("explain and list say who reads, and inspect what it accepts")
  func explain() throws {
    let result = try dmt(["explain", "r.yaml"])
    #expect(
      result.output.contains(
        "data: com.example.lines of plugin com.example.reader, Lines of fields behind a header line."), "\(result)")
    let schema = try dmt(["schema"])
    #expect(
      schema.output.contains("com.example.lines") && schema.output.contains("Columns of whole numbers."), "\(schema)")
    #expect(try dmt(["plugin", "list"]).output.contains("reader com.example.lines"))
    let inspection = try Command.run(["plugin", "inspect", library], in: workspace)
    #expect(inspection.output.contains("reader com.example.lines/1"), "\(inspection)")
    #expect(inspection.output.contains("separator (string, default ,): The byte between fields."), "\(inspection)")
  }
}
