import DMTCore
import DMTManifest

/// Reads all files of a data section into one raw table: the main file, its validation and test files, its side tables.
struct TableLoader {
  /// A file to read and the rows it gives.
  struct Part {
    var path: String
    var split: SplitRule
    var skipLines: Int
  }

  let data: DataSection
  let features: [FeatureSpec]
  let dense: [DenseSpec]
  let folder: String
  let badRows: BadRows
  let progress: ((String) -> Void)?

  /// The files, in the order in which their hashes make up the fingerprint.
  var inputPaths: [String] {
    if data.format == .synthetic { return [] }
    return [data.path, data.validPath, data.testPath].compactMap { $0 }.map { InputFile.resolve($0, in: folder) }
      + data.joins.map { InputFile.resolve($0.path, in: folder) }
  }

  /// Reads everything the data section names.
  func load() throws(DMTError) -> RawTable {
    if data.format == .synthetic {
      guard let spec = data.synthetic else {
        throw DMTError(.invalidManifest, "synthetic data needs its 'synthetic' settings", place: data.place)
      }
      return try SyntheticGenerator(spec, place: data.place).table(plan: ColumnPlan(features: features, dense: dense))
    }
    return try read(parts: try parts(), withLabels: true)
  }

  /// Reads the rows of one file, all of them as test rows; labels only where the file has them.
  func loadRows(path: String) throws(DMTError) -> RawTable {
    if data.format == .synthetic {
      throw DMTError(
        .unsupported, "a pipeline on synthetic data reads no files", place: data.place,
        remedy: "predict with a pipeline whose data section names a file")
    }
    return try read(parts: [Part(path: path, split: .all(.test), skipLines: 0)], withLabels: false)
  }

  private func parts() throws(DMTError) -> [Part] {
    let hasTestFile = data.testPath != nil
    func others(_ valid: SplitRule, _ test: SplitRule) -> [Part] {
      var parts: [Part] = []
      if let path = data.validPath {
        parts.append(Part(path: InputFile.resolve(path, in: folder), split: valid, skipLines: data.skipLines))
      }
      if let path = data.testPath {
        let skip = data.skipLines + data.testSkipLines
        parts.append(Part(path: InputFile.resolve(path, in: folder), split: test, skipLines: skip))
      }
      return parts
    }
    let main = InputFile.resolve(data.path, in: folder)
    guard !data.path.isEmpty else {
      throw DMTError(.invalidManifest, "the data section names no file", place: data.place, remedy: "set its path")
    }
    switch data.split {
    case .rows:
      if data.validPath != nil {
        throw DMTError(
          .invalidManifest,
          "the row rule takes the validation rows out of the training file, and a validation file is named too",
          place: data.place, remedy: "split by files, or leave out the validation file")
      }
      return [Part(path: main, split: .rows(hasTestFile: hasTestFile), skipLines: data.skipLines)]
        + others(.all(.valid), .all(.test))
    case .files:
      return [Part(path: main, split: .all(.train), skipLines: data.skipLines)] + others(.all(.valid), .all(.test))
    case .column(let column, let train, let valid, let test):
      var names: [String: SplitName] = [:]
      for (name, texts) in [(SplitName.train, train), (.valid, valid), (.test, test)] {
        for text in texts {
          if let other = names.updateValue(name, forKey: text) {
            throw DMTError(
              .invalidManifest, "the split's text '\(text)' stands for both \(other) and \(name)", place: data.place)
          }
        }
      }
      return [Part(path: main, split: .column(column, names), skipLines: data.skipLines)]
        + others(.all(.valid), .all(.test))
    }
  }

  private func read(parts: [Part], withLabels: Bool) throws(DMTError) -> RawTable {
    let plan = ColumnPlan(features: features, dense: dense)
    switch data.format {
    case .csv, .criteo: return try readDelimited(parts, plan, withLabels: withLabels)
    case .libsvm, .libfm: return try readSparse(parts, plan, withLabels: withLabels)
    case .reader: return try readRows(parts, plan, withLabels: withLabels)
    case .synthetic:
      throw DMTError(.internalError, "synthetic data has no files")
    }
  }

  // MARK: Delimited files

  /// The columns of Criteo's files, which have no header line.
  static let criteoColumns = ["label"] + (1...13).map { "I\($0)" } + (1...26).map { "C\($0)" }

  private func dialect() throws(DMTError) -> RecordReader.Dialect {
    if data.format == .criteo { return .init(delimiter: 0x09, quotes: false, trim: false) }
    let bytes = Array(data.delimiter.utf8)
    guard bytes.count == 1, bytes[0] != 0x0A, bytes[0] != 0x0D, bytes[0] != 0x22 else {
      throw DMTError(
        .invalidManifest, "the delimiter must be one byte that is no quote and no line end, found '\(data.delimiter)'",
        place: data.place)
    }
    return .init(delimiter: bytes[0], quotes: true, trim: data.trim)
  }

  /// Column names of a file without a header line; for rows without a label, those of the file with as many columns.
  private func headerlessColumns() -> [String]? {
    data.format == .criteo ? Self.criteoColumns : data.columns
  }

  private func readDelimited(_ parts: [Part], _ plan: ColumnPlan, withLabels: Bool) throws(DMTError) -> RawTable {
    let dialect = try dialect()
    let table = RawTable()
    var sides: [SideTable] = []
    for join in data.joins {
      sides.append(try SideTable(join: join, path: InputFile.resolve(join.path, in: folder), dialect: dialect))
    }
    var ownPlan = ColumnPlan()
    for (index, part) in parts.enumerated() {
      var names = headerlessColumns()
      if !withLabels, let known = names, known.contains(data.labelColumn) {
        // Whether the rows carry a label shows in how many fields they have.
        let fields = try Self.fieldCount(path: part.path, dialect: dialect, skipLines: part.skipLines)
        if fields == known.count - 1 { names = known.filter { $0 != data.labelColumn } }
      }
      let file = try DelimitedTable(path: part.path, dialect: dialect, columns: names, skipLines: part.skipLines)
      if index == 0 {
        let (own, sidePlans) = try divide(plan, file: file, sides: sides)
        ownPlan = own
        prepare(table, own)
        for (side, sidePlan) in zip(sides, sidePlans) { side.plan = sidePlan }
      }
      var label: DelimitedTable.Label?
      if withLabels || file.columns.contains(data.labelColumn) {
        let position = try file.position(of: data.labelColumn, for: "the label", place: data.place)
        label = .init(column: position, name: data.labelColumn, reader: LabelReader(rule: data.labelRule))
      }
      progress?("reading \(part.path)")
      let progress = progress
      try file.read(
        into: table, plan: ownPlan, label: label, split: part.split, badRows: badRows, place: data.place
      ) { progress?("reading \(part.path): \($0) rows") }
    }
    for side in sides {
      progress?("joining \(side.path)")
      try side.join(to: table, missing: data.missing, badRows: badRows, place: data.place)
    }
    return table
  }

  private static func fieldCount(
    path: String, dialect: RecordReader.Dialect, skipLines: Int
  ) throws(DMTError) -> Int {
    let reader = try RecordReader(path: path, dialect: dialect)
    for _ in 0..<max(0, skipLines) where try !reader.skipLine() { break }
    return try reader.next() ? reader.fieldCount : 0
  }

  /// Which file serves which column: the main file first, then the side tables in their order.
  private func divide(
    _ plan: ColumnPlan, file: DelimitedTable, sides: [SideTable]
  ) throws(DMTError) -> (own: ColumnPlan, sides: [ColumnPlan]) {
    let known = Set(file.columns)
    var own = plan.restricted(to: known)
    var rest = plan.order.filter { !known.contains($0) }
    var sidePlans: [ColumnPlan] = []
    for side in sides {
      let names = Set(side.columns)
      sidePlans.append(plan.restricted(to: names.intersection(rest)))
      rest.removeAll { names.contains($0) }
    }
    for (index, join) in data.joins.enumerated() {
      if known.contains(join.key) {
        own.needText(join.key, for: "the join of \(join.path)")
      } else if let earlier = (0..<index).first(where: { sides[$0].columns.contains(join.key) }) {
        sidePlans[earlier].needText(join.key, for: "the join of \(join.path)")
      } else {
        throw ColumnPlan.missing(
          join.key, for: "the join of \(join.path)", among: file.columns, file: file.path, place: join.place)
      }
    }
    if let column = rest.first {
      let reason = plan.reasons[column] ?? "the manifest"
      let files = ([file.path] + sides.map(\.path)).joined(separator: " and ")
      throw ColumnPlan.missing(
        column, for: reason, among: file.columns + sides.flatMap(\.columns), file: files, place: place(of: column))
    }
    return (own, sidePlans)
  }

  func place(of column: String) -> DMTError.Place {
    let place =
      features.first { $0.column == column }?.place ?? dense.first { $0.column == column }?.place ?? DMTError.Place()
    return place.isEmpty ? data.place : place
  }

  private func prepare(_ table: RawTable, _ plan: ColumnPlan) {
    for (name, checks) in plan.text { table.text[name] = TextColumn(checks: checks, missing: data.missing) }
    for (name, feature) in plan.numbers { table.numbers[name] = NumberColumn(feature: feature, missing: data.missing) }
  }

  // MARK: Sparse files

  private func readSparse(_ parts: [Part], _ plan: ColumnPlan, withLabels: Bool) throws(DMTError) -> RawTable {
    if let join = data.joins.first {
      throw DMTError(
        .unsupported, "a side table cannot be joined to a \(data.format.rawValue) file, which has no keys",
        place: join.place)
    }
    let table = RawTable()
    for (name, checks) in plan.text {
      let isBag = data.format == .libfm || name == "indices"
      table.text[name] = TextColumn(checks: checks, missing: data.missing, isBag: isBag)
    }
    for (name, feature) in plan.numbers { table.numbers[name] = NumberColumn(feature: feature) }
    for part in parts {
      progress?("reading \(part.path)")
      let file = try SparseTable(path: part.path, skipLines: part.skipLines, allowsFields: data.format == .libfm)
      // A sparse line always starts with its label; when predicting, it may be anything and is not used.
      let label = withLabels ? LabelReader(rule: data.labelRule) : nil
      let progress = progress
      try file.read(
        into: table, plan: plan, label: label, split: part.split, badRows: badRows, place: data.place
      ) { progress?("reading \(part.path): \($0) rows") }
    }
    return table
  }
}
