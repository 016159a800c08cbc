import DMTCore
import DMTData
import DMTManifest
import Testing

@Suite("Encoding")
struct EncodingTests {
  private func train(_ column: [String], _ spec: FeatureSpec) throws -> (rows: [[Int]], dataset: Dataset) {
    let scratch = try Scratch()
    try scratch.write("rows.csv", "label;x\n" + column.map { "1;\($0)\n" }.joined())
    let dataset = try scratch.load(DataSection(format: .csv, path: "rows.csv", delimiter: ";", split: .files), [spec])
    return (bags(dataset.samples(of: .train), 0), dataset)
  }

  @Test("categories are numbered in the order of their bytes, rare ones share row 0")
  func vocabulary() throws {
    let (rows, dataset) = try train(
      ["b", "a", "é", "b", "B", "a", "c"], feature("x", .text, .vocabulary(minimumCount: 2)))
    #expect(rows == [[2], [1], [0], [2], [0], [1], [0]])
    #expect(dataset.tables.map(\.name) == ["x"] && dataset.tables.map(\.rows) == [3])
    let all = try train(["b", "a", "é", "B"], feature("x"))
    #expect(all.rows == [[3], [2], [4], [1]])
  }

  @Test("a separator makes bags; repeated and empty pieces count as they stand")
  func separator() throws {
    let (rows, dataset) = try train(["a, b", "b", "", "a, a", "b, "], feature("x", separator: ", ", pooling: .mean))
    #expect(rows == [[2, 3], [3], [1], [2, 2], [3, 1]])
    #expect(dataset.features[0].pooling == .mean && !dataset.features[0].isSingle)
    let indices = try train(["3|4", "", "4"], feature("x", .text, .index(rows: 5), separator: "|"))
    #expect(indices.rows == [[3, 4], [], [4]])
  }

  @Test("hashes are fixed for ever")
  func hashing() throws {
    func hash(_ text: String) -> UInt64 {
      var copy = text
      return copy.withUTF8 { StableHash.hash($0) }
    }
    // FNV-1a 64 of "" is its offset basis, of "a" 0xaf63dc4c8601ec8c; both through SplitMix64's finaliser.
    #expect(hash("") == StableHash.mix(0xCBF2_9CE4_8422_2325))
    #expect(hash("a") == StableHash.mix(0xAF63_DC4C_8601_EC8C))
    // The first two words of SplitMix64 with seed 0.
    #expect(StableHash.word(key: 0, counter: 0) == 0xE220_A839_7B1D_CDAF)
    #expect(StableHash.word(key: 0, counter: 1) == 0x6E78_9E6A_A1B9_65F4)
    let (rows, dataset) = try train(["a", "b", "a"], feature("x", .text, .hash(rows: 97)))
    #expect(rows == [[Int(hash("a") % 97)], [Int(hash("b") % 97)], [Int(hash("a") % 97)]])
    #expect(dataset.tables[0].rows == 97)
  }

  @Test("bands cut at multiples of their width, below them is a category, missing is another")
  func bands() throws {
    let spec = feature(
      "x", .bands([.init(from: 1, width: 100), .init(from: 1950, width: 1), .init(from: 1800, width: 10)]))
    let years = ["1999", "1999.0", "1950", "1949", "1940", "1800", "1799", "1700", "99", "1", "0", "-500", ""]
    let (rows, dataset) = try train(years, spec)
    let vocabulary = dataset.encoder.vocabulary(ofTable: "x")
    #expect(
      rows.map { vocabulary?.category(ofRow: $0[0]) } == [
        "1999", "1999", "1950", "1940", "1940", "1800", "1700", "1700", "1", "1", "below", "below", "",
      ])
  }

  @Test("quantile edges are NumPy's, repeated ones once")
  func quantiles() {
    let values: [(value: Double, count: Int)] = [(3, 1), (1, 2), (10, 1), (2, 3)]
    // numpy.quantile([1, 1, 2, 2, 2, 3, 10], [.25, .5, .75]) and with fifths
    #expect(FittedTransform.edges(of: values, bins: 4) == [1.5, 2, 2.5])
    let fifths = FittedTransform.edges(of: values, bins: 5)
    for (found, known) in zip(fifths, [1.2, 2, 2.8]) { #expect(abs(found - known) < 1e-12) }
    #expect(fifths.count == 3)
    #expect(FittedTransform.edges(of: [(5, 9)], bins: 4) == [5])
    #expect(FittedTransform.edges(of: [], bins: 4) == [])
  }

  @Test("features that share a table share its categories")
  func sharedTables() throws {
    let scratch = try Scratch()
    try scratch.write("rows.csv", "label,from,to\n1,a,b\n0,b,c\n")
    let dataset = try scratch.load(
      DataSection(format: .csv, path: "rows.csv", split: .files),
      [feature("from", table: "city"), feature("to", table: "city")])
    #expect(dataset.tables.map(\.name) == ["city"] && dataset.tables.map(\.rows) == [4])
    #expect(bags(dataset.samples(of: .train), 0) == [[1], [2]] && bags(dataset.samples(of: .train), 1) == [[2], [3]])
    let error = failure {
      _ = try scratch.load(
        DataSection(format: .csv, path: "rows.csv", split: .files),
        [feature("from", table: "city"), feature("to", .text, .hash(rows: 9), table: "city")])
    }
    #expect(error?.code == .invalidManifest)
  }

  @Test("standardising uses the training rows' mean and population deviation")
  func standardise() throws {
    let scratch = try Scratch()
    try scratch.write("rows.csv", "label,x,c,fold\n1,1,4,a\n0,3,4,a\n1,,4,a\n0,100,5,b\n")
    let dataset = try scratch.load(
      DataSection(format: .csv, path: "rows.csv", split: .column("fold", train: ["a"], valid: ["b"], test: [])), [],
      dense: [
        DenseSpec(name: "x", column: "x", transform: .standardise, missing: 5),
        DenseSpec(name: "constant", column: "c", transform: .standardise),
      ])
    // 1, 3, 5: mean 3, deviation sqrt(8 / 3).
    let deviation = (8.0 / 3).squareRoot()
    #expect(dense(dataset.samples(of: .train)) == [[Float(-2 / deviation), 0], [0, 0], [Float(2 / deviation), 0]])
    #expect(dense(dataset.samples(of: .valid)) == [[Float(97 / deviation), 1]])
  }

  @Test("specifications that contradict themselves are refused")
  func refused() throws {
    let scratch = try Scratch()
    try scratch.write("rows.csv", "label,x\n1,1\n")
    let section = DataSection(format: .csv, path: "rows.csv", split: .files)
    for features in [
      [feature("x"), feature("x")], [], [feature("x", .quantiles(1, zeroApart: false))], [feature("x", .bands([]))],
      [feature("x", .text, .hash(rows: 0))], [feature("x", .bands([.init(from: 0, width: 0)]))],
      [feature("x", .quantiles(3, zeroApart: false), .index(rows: 3))], [feature("x", separator: "")],
    ] {
      #expect(failure { _ = try scratch.load(section, features) }?.code == .invalidManifest)
    }
  }

  @Test("new rows are encoded like the training rows, with or without labels, and every bad one is an error")
  func encodeRows() throws {
    let scratch = try Scratch()
    try scratch.write("books.csv", "id,genre\n1,x\n2,y z\n")
    try scratch.write("rows.csv", "label,book,age\n1,1,10\n0,2,20\n1,1,30\n")
    let section = DataSection(
      format: .csv, path: "rows.csv", joins: [.init(path: "books.csv", key: "book", on: "id")], split: .files)
    let features = [feature("book"), feature("genre", separator: " "), feature("age", .quantiles(2, zeroApart: false))]
    let numbers = [DenseSpec(name: "years", column: "age", transform: .standardise)]
    let dataset = try scratch.load(section, features, dense: numbers)
    let path = try scratch.write("new.csv", "age,book\n20,2\n31,7\n")
    let rows = try dataset.encodeRows(path)
    #expect(rows.count == 2 && !rows.hasLabels)
    #expect(bags(rows, 0) == [[2], [0]] && bags(rows, 1) == [[2, 3], [0]])
    #expect(dense(rows)[0] == [0])
    #expect(bags(rows, 2) == [[2], [2]])
    // The encoder alone, stored and read again, does the same.
    let stored = try FeatureEncoder(bytes: dataset.encoder.bytes)
    let again = try stored.encodeRows(path, data: section, features: features, dense: numbers, folder: scratch.path)
    #expect(bags(again, 1) == bags(rows, 1) && dense(again) == dense(rows))
    let labelled = try dataset.encodeRows(try scratch.write("test.csv", "label,book,age\n1,1,10\n0,2,20\n"))
    #expect(labelled.hasLabels && labels(labelled) == [1, 0])
    let bad = failure { _ = try dataset.encodeRows(try scratch.write("bad.csv", "age,book\n20,2\nold,1\n")) }
    #expect(bad?.place.line == 3 && bad?.message.contains("found 'old'") == true)
    #expect(
      failure { _ = try dataset.encodeRows(try scratch.write("less.csv", "age\n20\n")) }?.message.contains("'book'")
        == true)
    let others = failure {
      _ = try stored.encodeRows(path, data: section, features: [feature("age")], dense: [], folder: scratch.path)
    }
    #expect(others?.code == .invalidArgument)
    #expect(failure { _ = try FeatureEncoder(bytes: Array(dataset.encoder.bytes.dropLast())) }?.code == .invalidData)
  }

  @Test("rows without a header line may leave out the label")
  func headerlessRows() throws {
    let scratch = try Scratch()
    try scratch.write("rows.csv", "a,1,x\nb,0,y\n")
    let dataset = try scratch.load(
      DataSection(format: .csv, path: "rows.csv", columns: ["user", "label", "item"], split: .files),
      [feature("user"), feature("item")])
    let without = try dataset.encodeRows(try scratch.write("two.csv", "b,x\n"))
    #expect(!without.hasLabels && bags(without, 0) == [[2]] && bags(without, 1) == [[1]])
    let with = try dataset.encodeRows(try scratch.write("three.csv", "b,1,x\n"))
    #expect(with.hasLabels && labels(with) == [1] && bags(with, 1) == [[1]])
  }
}
