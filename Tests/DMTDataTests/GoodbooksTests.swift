import DMTCore
import DMTManifest
import Testing

@testable import DMTData

/// Every fact here was counted by an independent program on the same files.
@Suite("goodbooks-10k")
struct GoodbooksTests {
  static let features = [
    feature("user", column: "user_id"),
    feature("book", column: "book_id"),
    feature(
      "year", .bands([.init(from: 1950, width: 1), .init(from: 1800, width: 10), .init(from: 1, width: 100)]),
      column: "original_publication_year"),
    feature("language", column: "language_code"),
    feature("authors", separator: ", ", pooling: .mean),
  ]

  static func section(cache: String) -> DataSection {
    DataSection(
      format: .csv, path: "data/ratings.csv.xz",
      joins: [.init(path: "data/books.csv.xz", key: "book_id", on: "id")],
      labelColumn: "rating", labelRule: .atLeast(4), cachePath: cache)
  }

  @Test("counts, tables and positives are the known ones, from the files and from the cache")
  func facts() throws {
    let scratch = try Scratch()
    let section = Self.section(cache: scratch.path + "/cache")
    var fingerprints: Set<String> = []
    for round in 0..<2 {
      let start = ContinuousClock.now
      let dataset = try Dataset.load(data: section, features: Self.features, dense: [], folder: example("goodbooks"))
      print("round \(round): \(ContinuousClock.now - start)")
      #expect(dataset.isFromCache == (round == 1))
      #expect(SplitName.allCases.map { dataset.count(of: $0) } == [785_424, 98_168, 98_164])
      #expect(dataset.tables.reduce(0) { $0 + $1.rows } == 68_987)
      let positives = SplitName.allCases.reduce(0) { $0 + dataset.samples(of: $1).positiveCount }
      #expect(positives == 650_327)
      #expect(dataset.features.map(\.isSingle) == [true, true, true, true, false])
      #expect(dataset.encoder.vocabulary(ofTable: "year")?.row(of: "1990") != 0)
      #expect(dataset.encoder.vocabulary(ofTable: "year")?.row(of: "1810") == 0 || dataset.tables[2].rows > 60)
      fingerprints.insert(dataset.fingerprint)
    }
    #expect(fingerprints.count == 1)
  }
}
