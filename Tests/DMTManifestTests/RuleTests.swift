import DMTCore
import DMTManifest
import Foundation
import Testing

@Suite("Rules that tie one part of a manifest to another")
struct RuleTests {
  @Test("A feature in two towers is told with both")
  func twoTowers() throws {
    #expect(
      complaints(try changed("features: [book, year]", "features: [book, user, year]")) == [
        "15:30 feature 'user' is listed in tower 'reader' and in tower 'item' | keep one of them"
      ])
    #expect(
      complaints(try changed("features: [book, year]", "features: [book, year, book]")) == [
        "15:36 feature 'book' is listed twice in tower 'item' | keep one of them"
      ])
  }

  @Test("A feature in no tower is named")
  func noTower() throws {
    #expect(
      complaints(try changed("features: [book, year]", "features: [book]")) == [
        "14:5 feature 'year' is in no tower | list it in a tower, or remove it"
      ])
  }

  @Test("An unknown feature of a tower is told with the nearest one")
  func unknownFeature() throws {
    #expect(
      complaints(try changed("features: [book, year]", "features: [book, yaer, year]")) == [
        "15:30 unknown feature 'yaer' in model.towers.item | did you mean 'year'?"
      ])
  }

  @Test("More towers than features are refused")
  func tooManyTowers() throws {
    let towers =
      "reader: { features: [user], module: tower.dcn, out: 8 }\n"
      + "    item: { features: [book, year], module: tower.dcn, out: 8 }"
    #expect(
      complaints(try changed(towers, "count: 4\n    module: tower.dcn\n    out: 8")) == [
        "14:12 model.towers asks for 4 towers of 3 features, expected at most one tower a feature"
      ])
  }

  @Test("Strided towers take features in turn and share the module")
  func strided() throws {
    let towers =
      "reader: { features: [user], module: tower.dcn, out: 8 }\n"
      + "    item: { features: [book, year], module: tower.dcn, out: 8 }"
    let text = try changed(towers, "count: 2\n    assign: strided\n    module: tower.dcn\n    out: 8")
    let found = try load(text).manifest.model.towers
    #expect(found.map(\.name) == ["tower0", "tower1"])
    #expect(found.map(\.features) == [["user", "year"], ["book"]])
    #expect(found.allSatisfy { $0.module.module == "tower.dcn" })
    #expect(found.allSatisfy { $0.module.attributes == ["layers": .int(1), "rank": .int(0), "out": .int(8)] })
  }

  @Test("A mistake in the module of strided towers is told once")
  func stridedMistake() throws {
    let towers =
      "reader: { features: [user], module: tower.dcn, out: 8 }\n"
      + "    item: { features: [book, year], module: tower.dcn, out: 8 }"
    #expect(
      complaints(try changed(towers, "count: 2\n    module: tower.dcn\n    uot: 8")) == [
        "16:5 unknown key 'uot' in model.towers.tower0 (module tower.dcn) | did you mean 'out'?",
        "14:12 model.towers.tower0.out is missing, expected a whole number: Width of the tower's result.",
      ])
  }

  @Test("A feature that reads the label is refused")
  func label() throws {
    let found = complaints(try changed("year: original_year", "year: rating"))
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("10:9 features.year reads 'rating', the column of the label") == true)
  }

  @Test("A column that a file without a header does not have is told with the nearest one")
  func columns() throws {
    let text = try changed("format: csv", "format: csv\n  columns: [user_id, bookid, original_year, rating]")
    #expect(
      complaints(text) == [
        "10:19 features.book reads column 'book_id', which the data do not have | did you mean 'bookid'?"
      ])
  }

  @Test("A name stands for one feature, categorical or dense")
  func oneName() throws {
    #expect(
      complaints(try changed("model:\n", "dense: { age: age, year: original_year }\nmodel:\n")) == [
        "11:20 dense.year has the name of a categorical feature, expected one name for one feature"
          + " | rename one of them; both may read the same column"
      ])
    let both = try changed("model:\n", "dense: { years: original_year }\nmodel:\n")
    #expect(complaints(both) == [])
  }

  @Test("Criteo's columns have fixed names")
  func criteo() {
    let text = """
      dmt: 1
      data: { format: criteo, path: train.txt.gz }
      features: { a: C1, b: C27 }
      dense: { c: I13, d: I0 }
      model: { dim: 4, over_arch: { module: dcn, layers: 1, widths: [4] } }
      """
    #expect(
      complaints(text) == [
        "3:23 features.b reads column 'C27', which the data do not have | did you mean 'C17'?",
        "4:21 dense.d reads column 'I0', which the data do not have | did you mean 'I1'?",
      ])
  }

  @Test("Two ways to cut a number, or two encodings, exclude each other")
  func choices() throws {
    #expect(
      complaints(
        try changed("year: original_year", "year: { column: y, quantiles: 5, bands: [{ from: 1, width: 2 }] }"))
        == ["10:36 features.year has both 'quantiles' and 'bands', expected one of them | remove one"])
    #expect(
      complaints(try changed("min_count: 2", "min_count: 2, hash: 100"))
        == ["9:42 features.book has both 'min_count' and 'hash', expected one of them | remove one"])
    #expect(
      complaints(try changed("at_least: 4", "at_least: 4, one_of: [5]"))
        == ["6:41 data.label has both 'at_least' and 'one_of', expected one of them | remove one"])
  }

  @Test("Features of one table must make the same rows")
  func sharedTables() throws {
    #expect(
      complaints(try changed("year: original_year", "year: { column: y, table: book }")) == [
        "10:3 features.year and features.book share table 'book' but differ in 'min_count'"
          + " | give both the same min_count, or each its own table"
      ])
    let agreed = try changed("year: original_year", "year: { column: y, table: book, min_count: 2 }")
    #expect(complaints(agreed) == [])
  }

  @Test("A split by files needs files, and a file needs the split")
  func split() throws {
    #expect(
      complaints(try changed("format: csv", "format: csv\n  split: files"))
        == [
          "5:10 data.split is files, but neither valid_path nor test_path is given"
            + " | name the files, or use split: rows"
        ])
    #expect(
      complaints(try changed("format: csv", "format: csv\n  valid_path: v.csv"))
        == ["5:15 data.valid_path is given, but data.split is rows | write split: files, or remove valid_path"])
    let column = "format: csv\n  split: { column: fold, train: [0, 1], valid: 2, test: [1] }"
    #expect(
      complaints(try changed("format: csv", column))
        == ["5:58 data.split gives '1' to train and to test | keep one of them"])
  }

  @Test("Keys of one format are unknown in another")
  func formats() throws {
    let text = """
      dmt: 1
      data: { format: synthetic, features: 2, dense: 1, path: x }
      features: { f0: f0, f2: f2 }
      model: { dim: 4, over_arch: { module: dcn, layers: 1, widths: [4] } }
      """
    #expect(
      complaints(text).map { $0.split(separator: "|")[0].trimmingCharacters(in: .whitespaces) } == [
        "2:51 unknown key 'path' in data (format synthetic)",
        "3:25 features.f2 reads column 'f2', which the data do not have",
      ])
  }

  @Test("A delimiter is one byte", arguments: ["\"\"", "\";;\"", "\"\\n\"", "\"é\""])
  func delimiter(written: String) throws {
    let found = complaints(try changed("format: csv", "format: csv\n  delimiter: \(written)"))
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("5:14 data.delimiter is") == true)
    #expect(try load(changed("format: csv", "format: csv\n  delimiter: \"\\t\"")).manifest.data.delimiter == "\t")
  }
}
