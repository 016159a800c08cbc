import DMTCore
import DMTManifest
import Foundation
import Testing

@Suite("Text that is not a manifest is an error with a place, never a trap")
struct SyntaxTests {
  @Test(
    "A syntax error has line and column",
    arguments: [
      ("dmt: 1\nname: [a, b\n", "3:1"),
      ("dmt: 1\nname: a: b\n", "2:8"),
      ("dmt: 1\n\tname: a\n", "2:1"),
      ("dmt: 1\nname: \"a\n", "3:1"),
      ("dmt: *nothing\n", "1:6"),
      ("dmt: 1\n--- \ndmt: 1\n", "2:1"),
      ("dmt: 1\nname: a\u{1}b\n", "2:8"),
    ])
  func syntax(text: String, place: String) {
    let found = errors(text)
    #expect(found.count == 1)
    #expect(found.first?.code == .invalidManifest)
    #expect(found.first?.message.hasPrefix("not YAML: ") == true)
    #expect(found.first.map { "\($0.place.line ?? 0):\($0.place.column ?? 0)" } == place)
    #expect(found.first?.place.file == "m.yaml")
  }

  @Test("A key given twice is told at its second place, with the first")
  func duplicates() throws {
    #expect(
      complaints(try changed("batch: 4096", "epochs: 4096"))
        == ["19:3 key 'epochs' is given twice, first at m.yaml:18:3 | keep one of them"])
    #expect(
      complaints(try changed("{ column: rating, at_least: 4 }", "{ column: rating, at_least: 4, column: x }"))
        == ["6:41 key 'column' is given twice, first at m.yaml:6:12 | keep one of them"])
  }

  @Test("An empty text is an error", arguments: ["", "\n\n", "# nothing\n", "---\n", "~", "\u{FEFF}"])
  func empty(text: String) {
    #expect(errors(text).map(\.message) == ["the manifest is empty, expected a mapping"])
  }

  @Test("A text that is a list or a scalar is an error")
  func notAMapping() {
    #expect(complaints("- a\n") == ["1:1 the manifest is a list, expected a mapping"])
    #expect(complaints("hello") == ["1:1 the manifest is the text 'hello', expected a mapping"])
    #expect(complaints("hello", set: ["name=x"]) == ["1:1 the manifest is the text 'hello', expected a mapping"])
  }

  @Test("Bytes that are not UTF-8 are told with their place")
  func notUTF8() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("manifest-\(UUID()).yaml").path
    try Data([0x64, 0x6D, 0x74, 0x3A, 0x20, 0x31, 0x0A, 0x61, 0xC3, 0xA9, 0xFF, 0x0A]).write(
      to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: DMTError.self) { try ManifestLoader.load(path: path, catalog: catalog) }
    #expect(error?.message == "the file is not UTF-8 text")
    #expect(error?.place == DMTError.Place(file: path, line: 2, column: 3))
  }

  @Test("A missing file names the nearest manifest of its folder")
  func missingFile() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("manifests-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(small.utf8).write(to: folder.appendingPathComponent("model.yaml"))
    let wrong = folder.appendingPathComponent("modle.yaml").path
    let error = #expect(throws: DMTError.self) { try ManifestLoader.load(path: wrong, catalog: catalog) }
    #expect(error?.code == .notFound)
    #expect(error?.remedy == "did you mean 'model.yaml'?")
    let asFolder = #expect(throws: DMTError.self) { try ManifestLoader.load(path: folder.path, catalog: catalog) }
    #expect(asFolder?.message == "this is a folder, expected a manifest file")
  }

  @Test(
    "Deep nesting is an error",
    arguments: [
      String(repeating: "[", count: 100_000),
      String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
      "a: " + String(repeating: "{ a: ", count: 900) + "1" + String(repeating: "}", count: 900),
      String(repeating: "- ", count: 5000) + "a",
      String(repeating: "? ", count: 5000) + "a",
      (0..<2000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
    ])
  func nesting(text: String) {
    #expect(errors(text).map(\.code) == [.invalidManifest])
  }

  @Test("Aliases that multiply are stopped")
  func aliasBomb() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...12 {
      text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
    }
    #expect(errors(text).first?.message.hasPrefix("the manifest has more than 200000 values") == true)
  }

  @Test("Tags are refused")
  func tags() throws {
    #expect(
      complaints(try changed("batch: 4096", "batch: !!int 4096"))
        == ["19:10 tag 'tag:yaml.org,2002:int' is not allowed in a manifest | remove the tag"])
    #expect(complaints(try changed("train:", "train: !x")).first?.contains("tag '!x' is not allowed") == true)
  }

  @Test("Anchors, aliases and merge keys are resolved")
  func anchors() throws {
    let text = try changed(
      "reader: { features: [user], module: tower.dcn, out: 8 }",
      "reader: &tower { features: [user], module: tower.dcn, out: 8 }"
    ).replacingOccurrences(
      of: "item: { features: [book, year], module: tower.dcn, out: 8 }",
      with: "item: { <<: *tower, features: [book, year] }")
    let towers = try load(text).manifest.model.towers
    #expect(towers.map(\.features) == [["user"], ["book", "year"]])
    #expect(towers[1].module.module == "tower.dcn")
    #expect(towers[1].module.attributes == towers[0].module.attributes)
  }

  @Test("Words that YAML 1.1 reads as truth values are texts")
  func norway() throws {
    let rule = try load(changed("at_least: 4", "one_of: [no, yes, 4, 4.50, NULL]")).manifest.data.labelRule
    #expect(rule == .oneOf(["no", "yes", "4", "4.50", "NULL"]))
  }

  @Test(
    "Numbers are read by YAML 1.2",
    arguments: [("1e-4", 1e-4), ("1.0E-4", 1e-4), (".5", 0.5), ("2.", 2), ("0x10", 16), ("0o17", 15), ("+3", 3)])
  func numbers(written: String, value: Double) throws {
    #expect(try load(changed("lr: 0.01", "lr: \(written)")).manifest.train.optimizer.learningRate == value)
  }

  @Test("What only looks like a number is a text", arguments: ["1_000", "0x", "0x-1", "1e", ".", "1.2.3", "infinity"])
  func notNumbers(written: String) throws {
    #expect(
      complaints(try changed("lr: 0.01", "lr: \(written)"))
        == ["20:32 train.optimizer.lr is the text '\(written)', expected a number"])
  }

  @Test("No cut of a right manifest makes the loader trap")
  func truncations() {
    let characters = Array(small)
    for length in stride(from: 0, to: characters.count, by: 7) {
      for error in errors(String(characters[..<length])) {
        #expect(!error.message.isEmpty)
        #expect(error.code != .internalError)
      }
    }
  }
}
