import Foundation
import Testing

/// `dmt plugin check` on plugins that each have one defect, and on the same plugins without it.
@Suite("Checking plugins")
struct ConformanceTests {
  /// A row of the table of docs/conformance.md: a fixture, what is wrong with it, and the tests that find it.
  struct Row: Sendable, CustomStringConvertible {
    var file: String
    var defect: String
    var tests: [String]
    var description: String { file }
  }

  private static let fixtures = Command.repository + "/Tests/Fixtures/Plugins/Defects"

  /// The detection table, from the documentation.
  static let table: [Row] = {
    let text = try? String(contentsOfFile: Command.repository + "/docs/conformance.md", encoding: .utf8)
    return (text ?? "").split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 3, cells[0].hasPrefix("`"), cells[0].hasSuffix(".c`") else { return nil }
      return Row(
        file: String(cells[0].dropFirst().dropLast(3)), defect: cells[1],
        tests: cells[2].split(separator: ",").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) })
    }
  }()

  private static let sound = [
    "sound-operator", "sound-backend", "sound-update", "sound-partitioner", "sound-sharding", "sound-module",
    "sound-optimizer", "sound-reader",
  ]

  /// Data of the fixtures that read: every kind of column, and a row that cannot be used.
  private static let rows =
    "name,n_count,b_tags\n"
    + (1...150).map { "row \($0),\($0 % 7)" + ($0 == 40 ? "\n" : ",a|\($0)\n") }.joined()

  /// Compiles a fixture and checks it.
  ///
  /// - Parameter limit: seconds a test; a busy machine needs many of them for what takes one.
  private func check(_ fixture: String, _ options: [String] = [], limit: Int = 60) throws -> Command.Result {
    let workspace = try Workspace()
    let library = try PluginTests.build("Defects/" + fixture, as: fixture, in: workspace)
    // Readers alone look at it.
    try workspace.write("rows.txt", Self.rows)
    return try Command.run(
      ["plugin", "check", library, "--file", "rows.txt", "--limit", String(limit), "--reproduce", "7"] + options,
      in: workspace)
  }

  private func failures(_ result: Command.Result) throws -> [String: [String]] {
    let plugins = try #require(try result.json()["plugins"] as? [[String: Any]])
    let results = try #require(plugins.first?["results"] as? [[String: Any]])
    var failures: [String: [String]] = [:]
    for result in results {
      let outcome = try #require(result["outcome"] as? [String: Any])
      if outcome["status"] as? String == "failed", let test = result["test"] as? String {
        failures[test] = outcome["reasons"] as? [String]
      }
    }
    return failures
  }

  @Test("the table names every fixture, and at least twenty of them")
  func tableIsWhole() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.fixtures)
      .filter { $0.hasSuffix(".c") && !$0.hasPrefix("sound-") }.map { String($0.dropLast(2)) }.sorted()
    #expect(Self.table.map(\.file).sorted() == files)
    #expect(files.count >= 20)
    for row in Self.table {
      let text = try String(contentsOfFile: "\(Self.fixtures)/\(row.file).c", encoding: .utf8)
      #expect(text.hasPrefix("/* \(row.defect) */\n"), "\(row.file).c says of itself what the table says")
    }
  }

  @Test("a defect is found by the test that the table names, and by no other", arguments: Self.table)
  func defect(_ row: Row) throws {
    let result = try check(row.file, ["--json"], limit: row.file.hasPrefix("hangs") ? 15 : 60)
    let failures = try failures(result)
    #expect(result.status == 1, "\(result)")
    #expect(failures.keys.sorted() == row.tests.sorted(), "\(row.file): \(failures)")
    #expect(failures.values.allSatisfy { !$0.isEmpty && !$0[0].isEmpty }, "\(failures)")
  }

  @Test("a sound plugin passes everything", arguments: Self.sound)
  func soundPlugin(_ fixture: String) throws {
    let result = try check(fixture, ["--json"])
    let failures = try failures(result)
    #expect(result.status == 0 && failures.isEmpty, "\(failures)")
  }

  @Test("a crash is told with its memory, and the other tests run on")
  func crash() throws {
    let result = try check("writes-past-end", ["--only", "memory.*", "--json"])
    let failures = try failures(result)
    let reason = try #require(failures["memory.guards"]?.first)
    #expect(reason.contains("behind the end of the output"), "\(reason)")
    let hang = try check("hangs-at-batch-one", ["--only", "batch.one"], limit: 2)
    #expect(hang.status == 1 && hang.output.contains("it did not finish within 2000 ms, while running"), "\(hang)")
    #expect(hang.output.contains("--reproduce 7"), "\(hang)")
  }

  @Test("--only chooses tests and components, and what matches nothing is an error")
  func only() throws {
    let one = try check("sound-operator", ["--only", "memory.g*", "--json"])
    let plugins = try #require(try one.json()["plugins"] as? [[String: Any]])
    let names = (plugins.first?["results"] as? [[String: Any]])?.compactMap { $0["test"] as? String }
    #expect(names == ["memory.guards"], "\(one)")
    let component = try check("sound-operator", ["--only", "com.example.*", "--quiet"])
    #expect(component.status == 0 && component.output.contains("0 failed"), "\(component)")
    let none = try check("sound-operator", ["--only", "no.such.test"])
    #expect(none.status == 66 && none.errors.contains("no test of these plugins matches"), "\(none)")
  }

  @Test("readers are tried on the file that is given, and say what is skipped without one")
  func readers() throws {
    let workspace = try Workspace()
    let library = try PluginTests.build("Defects/sound-reader", as: "reader", in: workspace)
    let bare = try Command.run(["plugin", "check", library, "--only", "reader.*"], in: workspace)
    #expect(
      bare.status == 0 && bare.output.contains("skipped  it needs a file to read: give one with --file"), "\(bare)")
    let missing = try Command.run(["plugin", "check", library, "--file", "none.txt"], in: workspace)
    #expect(missing.status == 66 && missing.errors.contains("there is no file none.txt"), "\(missing)")
    // A file that the reader refuses is one failure, not ten.
    try workspace.write("empty.txt", "")
    let refused = try Command.run(
      ["plugin", "check", library, "--file", "empty.txt", "--only", "reader.*", "--json"], in: workspace)
    #expect(try failures(refused).keys.sorted() == ["reader.rows"], "\(refused)")
  }

  @Test("rules with numbers for elements and for rows, with and without sums, pass everything")
  func rules() throws {
    let workspace = try Workspace()
    // A library names what it takes its functions from.
    let built = try Command.shell(
      "$(command -v cc || command -v clang) -std=gnu11 -shared -fPIC -fvisibility=hidden -o optimizers.so "
        + "-I '\(Command.repository)/Sources/CDMTPlugin/include' "
        + "'\(Command.repository)/Tests/Fixtures/Plugins/optimizers.c' -lm", in: workspace)
    try #require(built.status == 0, "\(built)")
    let result = try Command.run(
      ["plugin", "check", "optimizers.so", "--only", "optimizer.*", "--quiet"], in: workspace)
    #expect(result.status == 0, "\(result)")
  }

  @Test("--junit prints XML with a failure, --in-process runs without children, --list names every test")
  func formats() throws {
    let junit = try check("wrong-gradient", ["--junit", "--only", "numbers.*"])
    #expect(junit.status == 1 && junit.output.hasPrefix("<?xml version=\"1.0\""), "\(junit)")
    #expect(throws: Never.self) { try XMLCheck.parse(junit.output) }
    #expect(
      junit.output.contains("<failure message=") && junit.output.contains("name=\"seed\" value=\"7\""), "\(junit)")
    let inside = try check("sound-update", ["--in-process", "--only", "numbers.*"])
    #expect(inside.status == 0 && inside.output.contains("numbers.reference"), "\(inside)")
    let list = try Command.run(["plugin", "check", "--list"], in: Workspace())
    #expect(list.status == 0, "\(list)")
    let text = try String(contentsOfFile: Command.repository + "/docs/conformance.md", encoding: .utf8)
    for line in list.lines.dropFirst() {
      let name = line.prefix { $0 != " " }
      #expect(text.contains("| `\(name)` |"), "docs/conformance.md describes \(name)")
    }
  }

  @Test("the same seed gives the same numbers")
  func reproduces() throws {
    let first = try check("wrong-gradient", ["--json", "--only", "numbers.gradients"])
    let second = try check("wrong-gradient", ["--json", "--only", "numbers.gradients"])
    let reason = try failures(first)["numbers.gradients"]
    #expect(reason != nil)
    #expect(try failures(second)["numbers.gradients"] == reason)
  }

  @Test("what is no plugin, and what is not there, is told")
  func noPlugin() throws {
    let workspace = try Workspace()
    try workspace.write("text.so", "hello")
    let text = try Command.run(["plugin", "check", "text.so"], in: workspace)
    #expect(text.status == 1 && text.output.contains("is not an ELF file"), "\(text)")
    let missing = try Command.run(["plugin", "check", "none.so"], in: workspace)
    #expect(missing.status == 66 && missing.errors.contains("there is no file or folder none.so"), "\(missing)")
    #expect(try Command.run(["plugin", "check"], in: workspace).status == 64)
  }
}

/// Whether a text is well-formed XML: every tag that opens closes, in order.
private enum XMLCheck {
  struct Broken: Error {}

  static func parse(_ text: String) throws {
    var open: [Substring] = []
    for piece in text.split(separator: "<").dropFirst() {
      guard let end = piece.firstIndex(of: ">") else { throw Broken() }
      let tag = piece[..<end]
      if tag.hasPrefix("?") || tag.hasSuffix("/") { continue }
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { throw Broken() }
      } else {
        open.append(tag.prefix { $0 != " " })
      }
    }
    guard open.isEmpty else { throw Broken() }
  }
}
