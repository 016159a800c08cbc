import DMTCore
import DMTData
import DMTManifest
import Testing

@Suite("Formats")
struct FormatTests {
  @Test("delimiters, named columns, skipped lines and texts that count as missing")
  func csvOptions() throws {
    let scratch = try Scratch()
    try scratch.write("rows.tsv", "# a comment, with commas\n1\ta \t3.5\n0\tNA\t\n1\t\t-1\n")
    let dataset = try scratch.load(
      DataSection(
        format: .csv, path: "rows.tsv", columns: ["label", "user", "age"], delimiter: "\t", skipLines: 1,
        missing: ["NA"], trim: true, split: .files),
      [feature("user")], dense: [DenseSpec(name: "age", column: "age", missing: 7)])
    let train = dataset.samples(of: .train)
    // The missing texts are one category of their own, the first one by bytes.
    #expect(bags(train, 0) == [[2], [1], [1]])
    #expect(dense(train) == [[3.5], [7], [-1]])
    #expect(labels(train) == [1, 0, 1])
    #expect(dataset.encoder.vocabulary(ofTable: "user")?.category(ofRow: 1) == "")
  }

  @Test("a split by column and a split by files take each row where it belongs")
  func splits() throws {
    let scratch = try Scratch()
    try scratch.write("rows.csv", "label,user,fold\n1,a,1\n0,b,2\n1,c,3\n1,a,1\n")
    let column = try scratch.load(
      DataSection(format: .csv, path: "rows.csv", split: .column("fold", train: ["1"], valid: ["3"], test: ["2"])),
      [feature("user")])
    #expect(SplitName.allCases.map { column.count(of: $0) } == [2, 1, 1])
    #expect(column.samples(of: .valid).rowNumber(ofSample: 0) == 2)
    // Only training rows make categories.
    #expect(bags(column.samples(of: .test), 0) == [[0]])
    try scratch.write("valid.csv", "fold,user,label\n9,a,0\n")
    let files = try scratch.load(
      DataSection(format: .csv, path: "rows.csv", validPath: "valid.csv", split: .files), [feature("user")])
    #expect(SplitName.allCases.map { files.count(of: $0) } == [4, 1, 0])
    #expect(labels(files.samples(of: .valid)) == [0] && bags(files.samples(of: .valid), 0) == [[1]])
    #expect(files.positiveRate(of: .train) == 0.75 && files.positiveRate(of: .test) == 0)
  }

  @Test("a side table gives its columns by key, missing fields where it has none, and may lead to another one")
  func joins() throws {
    let scratch = try Scratch()
    try scratch.write("rows.csv", "label,book\n1,b2\n0,b1\n1,b9\n0,\n")
    try scratch.write("books.csv", "book,writer,pages,label\nb1,w7,100,x\nb2,w8,250,x\n,w9,1,x\n")
    try scratch.write("writers.csv", "id,country\nw7,fr\nw8,de\n")
    let section = DataSection(
      format: .csv, path: "rows.csv",
      joins: [.init(path: "books.csv", key: "book", on: "book"), .init(path: "writers.csv", key: "writer", on: "id")],
      split: .files)
    let dataset = try scratch.load(
      section, [feature("writer"), feature("country")], dense: [DenseSpec(name: "pages", column: "pages", missing: 5)])
    let train = dataset.samples(of: .train)
    #expect(dense(train) == [[250], [100], [5], [5]])
    #expect(bags(train, 0) == [[3], [2], [1], [1]])
    let countries = dataset.encoder.vocabulary(ofTable: "country")
    #expect(bags(train, 1).map { countries?.category(ofRow: $0[0]) } == ["de", "fr", "", ""])
  }

  @Test("libsvm: columns by index, and the bag of all indices")
  func libsvm() throws {
    let scratch = try Scratch()
    try scratch.write("rows.svm", "1 1:0.5 4:1 7:1 # note\n-1 4:1\n+1 7:1 1:2\n")
    let section = DataSection(format: .libsvm, path: "rows.svm", labelRule: .oneOf(["1", "+1"]), split: .files)
    let values = try scratch.load(section, [feature("4")], dense: [DenseSpec(name: "first", column: "1", missing: -3)])
    #expect(dense(values.samples(of: .train)) == [[0.5], [-3], [2]])
    #expect(bags(values.samples(of: .train), 0) == [[2], [2], [1]])
    #expect(labels(values.samples(of: .train)) == [1, 0, 1])
    let fraction = failure { _ = try scratch.load(section, [feature("indices", .text, .index(rows: 8))]) }
    #expect(fraction?.message.contains("values must be 1, found 0.5") == true && fraction?.place.column == 3)
    try scratch.write("ones.svm", "1 4:1 7:1\n0 4:1 5:0\n1\n")
    let ones = try scratch.load(
      DataSection(format: .libsvm, path: "ones.svm", split: .files), [feature("indices", .text, .index(rows: 8))])
    #expect(bags(ones.samples(of: .train), 0) == [[4, 7], [4], []])
    #expect(ones.features[0].isSingle == false)
    let range = failure {
      _ = try scratch.load(
        DataSection(format: .libsvm, path: "ones.svm", split: .files), [feature("indices", .text, .index(rows: 7))])
    }
    #expect(
      range?.message.contains("index 7 is out of range") == true
        && range?.place == .init(file: scratch.path + "/ones.svm", line: 1, column: 7))
    let absent = failure { _ = try scratch.load(section, [feature("9")]) }
    #expect(absent?.code == .notFound && absent?.message.contains("column '9'") == true)
    try scratch.write("bad.svm", "1 4:1\n0 4=1\n")
    let bad = failure {
      _ = try scratch.load(DataSection(format: .libsvm, path: "bad.svm", split: .files), [feature("4")])
    }
    #expect(bad?.message.contains("expected index:value, found '4=1'") == true && bad?.place.line == 2)
  }

  @Test("libffm: a field is a bag of indices, or a number")
  func libffm() throws {
    let scratch = try Scratch()
    try scratch.write("rows.ffm", "1 0:3:1 0:5:1 1:9:0.25\n0 0:5:1\n")
    let dataset = try scratch.load(
      DataSection(format: .libfm, path: "rows.ffm", split: .files), [feature("0", .text, .index(rows: 10))],
      dense: [DenseSpec(name: "one", column: "1")])
    #expect(bags(dataset.samples(of: .train), 0) == [[3, 5], [5]])
    #expect(dense(dataset.samples(of: .train)) == [[0.25], [0]])
  }

  @Test("Criteo: 40 columns without a header, any of them empty")
  func criteo() throws {
    let scratch = try Scratch()
    func line(_ label: Int, _ i1: String, _ c1: String) -> String {
      "\(label)\t\(i1)" + String(repeating: "\t", count: 12) + "\t\(c1)" + String(repeating: "\t", count: 25) + "\n"
    }
    try scratch.write("day.tsv", line(1, "3", "68fd1e64") + line(0, "-1", "") + line(0, "", "68fd1e64"))
    let dataset = try scratch.load(
      DataSection(format: .criteo, path: "day.tsv", split: .files),
      [feature("C1", .text, .hash(rows: 1000)), feature("C26")],
      dense: [DenseSpec(name: "I1", column: "I1", transform: .log1p), DenseSpec(name: "I13", column: "I13")])
    let train = dataset.samples(of: .train)
    #expect(labels(train) == [1, 0, 0])
    #expect(dense(train).map { $0[0] } == [Float(1.3862943611198906), 0, 0])
    let c1 = bags(train, 0)
    #expect(c1[0] == c1[2] && c1[0] != c1[1])
    #expect(bags(train, 1) == [[1], [1], [1]])
    try scratch.write("short.tsv", "1\t2\t3\n")
    let error = failure { _ = try scratch.load(DataSection(format: .criteo, path: "short.tsv"), [feature("C1")]) }
    #expect(error?.message == "the row is too short: 3 fields, expected 40")
  }
}
