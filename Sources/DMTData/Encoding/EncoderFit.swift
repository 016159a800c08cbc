import DMTCore
import DMTManifest

extension FeatureEncoder {
  /// Learns vocabularies, bins and statistics from the training rows of `table`.
  init(fitting table: RawTable, features specs: [FeatureSpec], dense denseSpecs: [DenseSpec]) throws(DMTError) {
    try Self.check(specs, denseSpecs)
    tables = []
    features = []
    dense = []
    let isTrain = table.splits.map { $0 == .train }
    var counts: [String: [Int]] = [:]
    var builders: [Int: VocabularyBuilder] = [:]
    for spec in specs {
      guard let column = table.text[spec.column] else {
        throw DMTError(.internalError, "column '\(spec.column)' was not read")
      }
      let codeCounts = counts[spec.column] ?? Self.counts(of: column, isTrain)
      counts[spec.column] = codeCounts
      let tableName = spec.table ?? spec.name
      let tableIndex: Int
      if let known = tables.firstIndex(where: { $0.name == tableName }) {
        guard tables[known].encoding == spec.encoding else {
          throw DMTError(
            .invalidManifest, "features that share table '\(tableName)' must have the same encoding", place: spec.place)
        }
        tableIndex = known
      } else {
        tableIndex = tables.count
        tables.append(Table(name: tableName, encoding: spec.encoding, vocabulary: nil))
      }
      let transform = Self.fit(spec, column, codeCounts)
      features.append(
        Feature(
          name: spec.name, column: spec.column, separator: spec.separator, transform: transform, table: tableIndex,
          isSingle: spec.separator == nil && column.offsets == nil))
      guard case .vocabulary = spec.encoding else { continue }
      var builder = builders[tableIndex] ?? VocabularyBuilder()
      for (code, count) in codeCounts.enumerated() where count > 0 {
        column.dictionary.withBytes(code) { text in
          for piece in Pieces(text, separator: spec.separator) {
            builder.add(transform.category(of: piece), count: count)
          }
        }
      }
      builders[tableIndex] = builder
    }
    for (index, builder) in builders {
      if case .vocabulary(let minimumCount) = tables[index].encoding {
        tables[index].vocabulary = builder.vocabulary(minimumCount: minimumCount)
      }
    }
    for table in tables where table.rows > Int(UInt32.max) {
      throw DMTError(.unsupported, "table '\(table.name)' has \(table.rows) rows; at most \(UInt32.max) are supported")
    }
    for spec in denseSpecs {
      guard let column = table.numbers[spec.column] else {
        throw DMTError(.internalError, "column '\(spec.column)' was not read")
      }
      dense.append(Self.fit(spec, column, isTrain))
    }
  }

  /// How often every text occurs in the training rows.
  private static func counts(of column: TextColumn, _ isTrain: [Bool]) -> [Int] {
    var counts = [Int](repeating: 0, count: column.dictionary.count)
    if let offsets = column.offsets {
      for row in isTrain.indices where isTrain[row] {
        for piece in offsets[row]..<offsets[row + 1] { counts[Int(column.codes[piece])] += 1 }
      }
    } else {
      for (row, code) in column.codes.enumerated() where isTrain[row] { counts[Int(code)] += 1 }
    }
    return counts
  }

  private static func fit(_ spec: FeatureSpec, _ column: TextColumn, _ counts: [Int]) -> FittedTransform {
    switch spec.transform {
    case .text: return .text
    case .bands(let bands): return .bands(bands)
    case .quantiles(let bins, let zeroApart):
      var values: [(value: Double, count: Int)] = []
      for (code, count) in counts.enumerated() where count > 0 {
        column.dictionary.withBytes(code) { text in
          for piece in Pieces(text, separator: spec.separator) {
            guard let value = NumberParser.double(piece), !zeroApart || value != 0 else { continue }
            values.append((value, count))
          }
        }
      }
      return .quantiles(edges: FittedTransform.edges(of: values, bins: bins), zeroApart: zeroApart)
    }
  }

  private static func fit(_ spec: DenseSpec, _ column: NumberColumn, _ isTrain: [Bool]) -> Dense {
    var fitted = Dense(
      name: spec.name, column: spec.column, usesLog1p: spec.transform.contains(.log1p), missing: spec.missing, mean: 0,
      deviation: 1)
    guard spec.transform.contains(.standardise) else { return fitted }
    func prepared(_ row: Int) -> Double {
      Dense.prepare(column.values[row], usesLog1p: fitted.usesLog1p, missing: spec.missing)
    }
    var count = 0
    var sum = 0.0
    for row in isTrain.indices where isTrain[row] {
      sum += prepared(row)
      count += 1
    }
    guard count > 0 else { return fitted }
    let mean = sum / Double(count)
    var squares = 0.0
    for row in isTrain.indices where isTrain[row] {
      let difference = prepared(row) - mean
      squares += difference * difference
    }
    let deviation = (squares / Double(count)).squareRoot()
    fitted.mean = mean
    // A constant column becomes 0 everywhere.
    fitted.deviation = deviation > 0 && deviation.isFinite ? deviation : 1
    return fitted
  }

  /// Rules that hold whatever the data are.
  private static func check(_ specs: [FeatureSpec], _ dense: [DenseSpec]) throws(DMTError) {
    func refuse(_ message: String, _ place: DMTError.Place) -> DMTError {
      DMTError(.invalidManifest, message, place: place)
    }
    var names: Set<String> = []
    for (name, place) in specs.map({ ($0.name, $0.place) }) + dense.map({ ($0.name, $0.place) })
    where !names.insert(name).inserted {
      throw refuse("two features are called '\(name)'", place)
    }
    if names.isEmpty { throw refuse("the manifest names no feature", DMTError.Place()) }
    for spec in specs {
      if spec.separator == "" { throw refuse("feature '\(spec.name)': the separator is empty", spec.place) }
      switch spec.encoding {
      case .hash(let rows), .index(let rows):
        guard rows > 0 else { throw refuse("feature '\(spec.name)': rows must be positive, found \(rows)", spec.place) }
      case .vocabulary: break
      }
      switch spec.transform {
      case .text: break
      case .bands(let bands):
        guard !bands.isEmpty, bands.allSatisfy({ $0.width > 0 && $0.width.isFinite && $0.from.isFinite }) else {
          throw refuse("feature '\(spec.name)': bands need a start and a positive width", spec.place)
        }
      case .quantiles(let bins, _):
        guard bins > 1, bins <= 1 << 20 else {
          throw refuse("feature '\(spec.name)': quantiles need 2 bins or more, found \(bins)", spec.place)
        }
      }
      if case .index = spec.encoding, spec.transform != .text {
        throw refuse(
          "feature '\(spec.name)': an index is taken as it stands; use vocabulary or hash encoding", spec.place)
      }
    }
  }
}
