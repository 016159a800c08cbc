import DMTCore
import DMTData
import DMTManifest
import Testing

/// Every figure here was counted by an independent program on the same files.
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

  @Test("counts, tables, positives and bags are the known ones, from the files and from the cache")
  func facts() throws {
    let scratch = try Scratch()
    let section = DataSection(
      format: .csv, path: "data/ratings.csv.xz", joins: [.init(path: "data/books.csv.xz", key: "book_id", on: "id")],
      labelColumn: "rating", labelRule: .atLeast(4), cachePath: scratch.path + "/cache")
    var fingerprints: Set<String> = []
    for round in 0..<2 {
      let dataset = try Dataset.load(data: section, features: Self.features, dense: [], folder: example("goodbooks"))
      fingerprints.insert(dataset.fingerprint)
      #expect(dataset.isFromCache == (round == 1))
      #expect(SplitName.allCases.map { dataset.count(of: $0) } == [785_424, 98_168, 98_164])
      #expect(dataset.tables.map(\.rows) == [53_018, 10_001, 99, 27, 5_842])
      #expect(dataset.tables.reduce(0) { $0 + $1.rows } == 68_987)
      #expect(SplitName.allCases.map { dataset.samples(of: $0).positiveCount } == [520_317, 65_138, 64_872])
      #expect(dataset.features.map(\.isSingle) == [true, true, true, true, false])
      #expect(
        SplitName.allCases.map { dataset.samples(of: $0).valueCount(ofFeature: 4) } == [1_035_858, 129_339, 129_299])
      // Users that training has not seen share row 0; everything else has been seen.
      #expect(unseen(dataset.samples(of: .train)) == [0, 0, 0, 0])
      #expect(unseen(dataset.samples(of: .valid)) == [444, 0, 0, 0])
      #expect(unseen(dataset.samples(of: .test)) == [441, 0, 0, 0])
    }
    #expect(fingerprints.count == 1)
  }

  private func unseen(_ samples: SampleTable) -> [Int] {
    (0..<4).map { feature in bags(samples, feature).count { $0 == [0] } }
  }
}

/// Every figure here was counted by an independent program on the same files.
@Suite("Adult")
struct AdultTests {
  @Test("splits, bins, dense inputs and labels are the known ones")
  func facts() throws {
    let scratch = try Scratch()
    let columns = [
      "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
      "race",
      "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
    ]
    let section = DataSection(
      format: .csv, path: "data/adult.data.xz", testPath: "data/adult.test.xz", columns: columns, testSkipLines: 1,
      missing: ["?"], trim: true, labelColumn: "income", labelRule: .oneOf([">50K", ">50K."]),
      cachePath: scratch.path)
    let zeroApart = ["capital-gain", "capital-loss"]
    let logged = ["fnlwgt"] + zeroApart
    let numeric = ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
    let dataset = try Dataset.load(
      data: section,
      features: columns.dropLast().map {
        feature($0, numeric.contains($0) ? .quantiles(20, zeroApart: zeroApart.contains($0)) : .text)
      },
      dense: numeric.map {
        DenseSpec(
          name: $0 + "-value", column: $0, transform: logged.contains($0) ? [.log1p, .standardise] : .standardise)
      }, folder: example("adult"))
    #expect(SplitName.allCases.map { dataset.count(of: $0) } == [29_301, 3_260, 16_281])
    #expect(SplitName.allCases.map { dataset.samples(of: $0).positiveCount } == [7_063, 778, 3_846])
    // Numeric tables have a row per bin and row 0; one more than the independent program, which has no row 0 there.
    #expect(dataset.tables.map(\.rows) == [21, 10, 21, 17, 10, 8, 16, 7, 6, 3, 18, 19, 12, 43])

    let test = dataset.samples(of: .test)
    let gains = bags(test, 10).map {
      dataset.encoder.vocabulary(ofTable: "capital-gain")?.category(ofRow: $0[0]) ?? "?"
    }
    let expected = [14958, 73, 65, 67, 24, 98, 62, 71, 60, 49, 99, 126, 128, 84, 21, 211, 85]
    for (bin, count) in expected.enumerated() {
      #expect(
        gains.count { $0 == (bin == 0 ? "zero" : String(bin - 1)) || bin == 1 && $0 == "0" } == count, "bin \(bin)")
    }
    let hours = bags(test, 12).map {
      dataset.encoder.vocabulary(ofTable: "hours-per-week")?.category(ofRow: $0[0]) ?? "?"
    }
    #expect(
      (0..<11).map { bin in hours.count { $0 == String(bin) } } == [
        828, 756, 471, 757, 1112, 7902, 973, 263, 1536, 415, 1268,
      ])

    let first = dense(dataset.samples(of: .train))[0]
    let last = try #require(dense(test).last)
    let firstExpected: [Float] = [0.029852379, -1.1493697, 1.1378562, 2.8209307, -0.2205846, -0.034613587]
    let lastExpected: [Float] = [-0.26350036, 0.20478223, 1.1378562, -0.30017453, -0.2205846, 1.5868295]
    for (found, known) in zip(first + last, firstExpected + lastExpected) { #expect(abs(found - known) < 1e-5) }
    #expect(dataset.samples(of: .test).rowNumber(ofSample: 16_280) == 16_280)
  }
}
