import DMTCore
import DMTData
import DMTManifest
import Testing

@Suite("Bad input")
struct BadInputTests {
  private let features = [feature("user")]

  private func error(
    _ text: String, _ features: [FeatureSpec]? = nil, dense: [DenseSpec] = [],
    change: (inout DataSection) -> Void = { _ in }
  ) throws -> DMTError {
    let scratch = try Scratch()
    try scratch.write("rows.csv", text)
    var section = DataSection(format: .csv, path: "rows.csv")
    change(&section)
    let found = failure { _ = try scratch.load(section, features ?? self.features, dense: dense) }
    return try #require(found)
  }

  @Test("a missing column names itself, the columns there are, and the nearest")
  func missingColumn() throws {
    let error = try error("label,usr,item\n1,a,b\n")
    #expect(error.code == .notFound)
    #expect(error.message.contains("feature 'user' needs column 'user'"))
    #expect(error.message.contains("label, usr, item"))
    #expect(error.remedy == "did you mean 'usr'?")
    let label = try self.error("labl,user\n1,a\n")
    #expect(label.message.contains("label needs column 'label'") && label.remedy == "did you mean 'labl'?")
  }

  @Test("short and long rows say how many fields there are and should be")
  func shortRow() throws {
    let short = try error("label,user,x\n1,a,b\n1,c\n")
    #expect(short.code == .invalidData)
    #expect(short.message == "the row is too short: 2 fields, expected 3")
    #expect(short.place.line == 3 && short.place.column == 4)
    #expect(short.place.file?.hasSuffix("/rows.csv") == true)
    let long = try error("label,user\n1,a,b\n")
    #expect(long.message == "the row is too long: 3 fields, expected 2" && long.place.column == 5)
  }

  @Test("a label that is neither 0 nor 1 is told")
  func badLabel() throws {
    let error = try error("user,label\na,1\nb,2\n")
    #expect(error.message == "label column 'label' needs 0 or 1, found '2'")
    #expect(error.place.line == 3 && error.place.column == 3)
    #expect(try self.error("user,label\na,\n").message.contains("found an empty field"))
    #expect(
      try self.error("user,label\na,x\n") { $0.labelRule = .atLeast(3) }.message.contains("needs a number, found 'x'"))
  }

  @Test("a bad number names the feature and the text, in dense, banded and binned columns alike")
  func badNumber() throws {
    let dense = try error("label,user,age\n1,a,12\n0,b,1x\n", dense: [DenseSpec(name: "years", column: "age")])
    #expect(dense.message == "dense feature 'years' needs a number, found '1x'")
    #expect(dense.place.line == 3 && dense.place.column == 5)
    for transform in [FeatureSpec.Transform.bands([.init(from: 0, width: 1)]), .quantiles(4, zeroApart: false)] {
      let found = try error("label,age\n1,12\n0,old\n", [feature("age", transform)])
      #expect(found.message == "feature 'age' needs a number, found 'old'" && found.place.line == 3)
    }
  }

  @Test("an index out of range names the feature, the index and the bound")
  func indexOutOfRange() throws {
    for (text, part) in [
      ("10", "index 10 is out of range, expected 0..<10"), ("-1", "index -1"), ("x", "found 'x'"), ("", "empty field"),
    ] {
      let found = try error("label,item\n1,9\n0,\(text)\n", [feature("item", .text, .index(rows: 10))])
      #expect(found.message.contains("feature 'item'") && found.message.contains(part), "\(found.message)")
      #expect(found.place.line == 3 && found.place.column == 3)
    }
    let bag = try error("label,items\n1,3|4\n0,5|12\n", [feature("items", .text, .index(rows: 10), separator: "|")])
    #expect(bag.message.contains("index 12"))
  }

  @Test("up to the limit bad rows are counted and left out, row numbers stay; past it the first are listed")
  func limit() throws {
    let scratch = try Scratch()
    try scratch.write("rows.csv", "label,user\n1,a\n7,b\n0,c,c\n0,d\n1,\"e\n")
    var section = DataSection(format: .csv, path: "rows.csv", split: .files, maxBadRows: 3)
    let lines = Lines()
    let dataset = try scratch.load(section, features, lines)
    #expect(dataset.badRowCount == 3 && dataset.badRows.count == 3)
    #expect(dataset.badRows[0].contains("rows.csv:3:1: error: label column"))
    #expect(lines.contains("left out 3 bad rows"))
    let train = dataset.samples(of: .train)
    #expect((0..<train.count).map { train.rowNumber(ofSample: $0) } == [0, 3])
    section.maxBadRows = 2
    // The cache of the run above holds more bad rows than are allowed now.
    let error = try #require(failure { _ = try scratch.load(section, features) })
    #expect(error.message.contains("3 bad rows so far, and at most 2"))
    #expect(error.causes.map(\.place.line) == [3, 4, 6])
  }

  @Test("a file that is not there, an empty file, and a split that knows no text of its column")
  func files() throws {
    #expect(try error("x") { $0.path = "none.csv" }.code == .notFound)
    #expect(try error("x") { $0.path = "none.csv.xz" }.code == .notFound)
    #expect(try error("").message.contains("the file is empty"))
    #expect(try error("label,user\n").message.contains("no row is for training"))
    let split = try error("label,user,fold\n1,a,train\n1,b,tset\n") {
      $0.split = .column("fold", train: ["train"], valid: [], test: ["test"])
    }
    #expect(split.message == "split column 'fold' needs one of test, train, found 'tset'" && split.place.line == 3)
  }

  @Test("a damaged or missing side table is told")
  func sideTables() throws {
    let scratch = try Scratch()
    try scratch.write("rows.csv", "label,user,book\n1,a,1\n0,b,2\n")
    try scratch.write("books.csv", "id,genre,pages\n1,x,10\n1,y,20\n")
    func load(_ features: [FeatureSpec], path: String = "books.csv", key: String = "book", on: String = "id")
      -> DMTError?
    {
      failure {
        _ = try scratch.load(
          DataSection(format: .csv, path: "rows.csv", joins: [.init(path: path, key: key, on: on)], split: .files),
          features)
      }
    }
    #expect(load([feature("genre")])?.message.contains("'id' holds '1' twice, in rows 1 and 2") == true)
    #expect(load([feature("genre")], path: "none.csv")?.code == .notFound)
    #expect(load([feature("genre")], key: "bok")?.remedy == "did you mean 'book'?")
    #expect(load([feature("genre")], on: "ident")?.message.contains("id, genre, pages") == true)
    #expect(load([feature("gender")])?.message.contains("label, user, book, id, genre, pages") == true)
    try scratch.write("books.csv", "id,genre,pages\n1,x,10\n")
    let orphan = load([feature("pages", .text, .index(rows: 100))])
    #expect(orphan?.message.contains("has no row with id = '2'") == true)
  }
}
