import DMTCore
import DMTManifest
import Foundation
import Testing

@Suite("Towers from a file")
struct TowersFileTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dmt-towers-\(UUID())").path

  /// Loads `small` with its towers taken from a file that holds `file`.
  private func load(
    _ file: String?, towers: String = "{ from: towers.yaml, module: tower.dcn, out: 8 }", set overrides: [String] = []
  ) throws -> LoadedManifest {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try file?.write(toFile: folder + "/towers.yaml", atomically: true, encoding: .utf8)
    let text = small.replacingOccurrences(
      of: """
        towers:
            reader: { features: [user], module: tower.dcn, out: 8 }
            item: { features: [book, year], module: tower.dcn, out: 8 }
        """, with: "towers: \(towers)")
    #expect(text != small)
    return try ManifestLoader.load(text: text, path: folder + "/m.yaml", overrides: overrides, catalog: catalog)
  }

  private func error(_ file: String?, towers: String = "{ from: towers.yaml, module: tower.dcn, out: 8 }") -> DMTError?
  {
    #expect(throws: DMTError.self) { try load(file, towers: towers) }
  }

  private let good = """
    dmt_towers: 1
    towers:
      tower0: [year, user]
      tower1: [book]

    """

  @Test("The file's towers have the module that the manifest names")
  func towers() throws {
    let loaded = try load(good)
    #expect(loaded.manifest.model.towers.map(\.name) == ["tower0", "tower1"])
    #expect(loaded.manifest.model.towers.map(\.features) == [["year", "user"], ["book"]])
    #expect(loaded.manifest.model.towers.allSatisfy { $0.module.module == "tower.dcn" })
    #expect(loaded.manifest.model.towers[1].module.attributes["out"] == .int(8))
  }

  @Test("The effective manifest needs the file no more")
  func effective() throws {
    let loaded = try load(good)
    let again = try ManifestLoader.load(text: loaded.effectiveYAML(), path: folder + "/m.yaml", catalog: catalog)
    #expect(again.manifest.model.towers.map(\.features) == loaded.manifest.model.towers.map(\.features))
  }

  @Test("Split columns come with the file, and towers list the parts")
  func split() throws {
    let loaded = try load(
      "dmt_towers: 1\nsplit: { book: [8, 8] }\ntowers: { a: [user, 'book#1'], b: ['book#0', year] }\n")
    #expect(loaded.manifest.model.columnSplits == ["book": [8, 8]])
    #expect(loaded.manifest.model.towers[0].features == ["user", "book#1"])
    let again = try ManifestLoader.load(text: loaded.effectiveYAML(), path: folder + "/m.yaml", catalog: catalog)
    #expect(again.manifest.model.columnSplits == ["book": [8, 8]])
    #expect(again.manifest.model.towers.map(\.features) == [["user", "book#1"], ["book#0", "year"]])
  }

  @Test("An override changes the module of all towers")
  func overrides() throws {
    #expect(
      try load(good, set: ["model.towers.out=4"]).manifest.model.towers.allSatisfy {
        $0.module.attributes["out"] == .int(4)
      })
    #expect(try load(nil, set: ["model.towers={}"]).manifest.model.towers.isEmpty)
  }

  @Test("A file for other features is one error, at the first strange name")
  func otherFeatures() {
    let error = error("dmt_towers: 1\ntowers:\n  t0: [user, film]\n  t1: [year, genre]\n")
    #expect(
      error?.message
        == "the towers file was made for other features: it names 'film', 'genre', which the manifest does not have, and "
        + "not 'book'")
    #expect(error?.place.file == folder + "/towers.yaml")
    #expect(error?.place.line == 3)
    #expect(error?.remedy == "run `dmt partition` on this manifest")
  }

  @Test("A feature twice, or in no tower, is told with its place in the file")
  func cover() {
    let twice = error("dmt_towers: 1\ntowers:\n  t0: [user, book]\n  t1: [year, book]\n")
    #expect(twice?.message == "feature 'book' is listed in tower 't0' and in tower 't1'")
    #expect(twice?.place.file == folder + "/towers.yaml")
    #expect(twice?.place.line == 4)
    let missing = error("dmt_towers: 1\ntowers:\n  t0: [user]\n  t1: [year]\n")
    #expect(missing?.message == "feature 'book' is in no tower")
  }

  @Test("What is no towers file is refused, and a missing one at the name")
  func noTowersFile() {
    #expect(
      error("towers: { a: [user] }\n")?.message == "this is no towers file: it does not begin with 'dmt_towers: 1'")
    #expect(error("dmt_towers: 1\ntower: { a: [user] }\n")?.message == "unknown key 'tower' in the towers file")
    #expect(error("dmt_towers: 1\ntowers: { a: user }\n")?.message.hasPrefix("tower 'a' is the text 'user'") == true)
    #expect(error("dmt_towers: 1\ntowers: {}\n")?.message.hasPrefix("the towers file has no towers") == true)
    let missing = error(nil)
    #expect(missing?.code == .notFound)
    #expect(missing?.place.file == folder + "/m.yaml")
    #expect(missing?.place.line == 13)
  }

  @Test("Other keys of the form are held to the module")
  func otherKeys() {
    #expect(
      error(good, towers: "{ from: towers.yaml, count: 2, module: tower.dcn, out: 8 }")?.message
        == "model.towers has both 'from' and 'count', expected one of them")
    let wrong = error(good, towers: "{ from: towers.yaml, module: tower.dcn, uot: 8 }")
    #expect(wrong?.description.contains("unknown key 'uot'") == true)
  }

  @Test("Widths must make up the feature, and features of one table be split alike")
  func widths() {
    #expect(
      error("dmt_towers: 1\nsplit: { book: [8, 4] }\ntowers: { a: [user, 'book#1'], b: ['book#0', year] }\n")?.message
        == "model.split.book adds up to 12 columns, the feature's embedding has 16")
    let shared = small.replacingOccurrences(of: "  user: user_id\n", with: "  user: { column: user_id, table: t }\n")
      .replacingOccurrences(of: "year: original_year", with: "year: { column: original_year, table: t }")
      .replacingOccurrences(of: "  dim: 16\n", with: "  dim: 16\n  split: { user: [8, 8] }\n")
      .replacingOccurrences(of: "[user]", with: "['user#0', 'user#1']")
    let error = #expect(throws: DMTError.self) {
      try ManifestLoader.load(text: shared, path: "m.yaml", catalog: catalog)
    }
    #expect(error?.message == "features 'user' and 'year' share table 't' but are split differently")
  }
}
