import DMTCore
import DMTManifest

/// What turns rows into row numbers and numbers into dense inputs: vocabularies, bins and statistics of the training rows.
///
/// It is stored in the cache, and can be stored beside a model (``bytes``) so that new rows are encoded alike.
public struct FeatureEncoder: Sendable {
  /// A table and what its rows stand for.
  struct Table: Sendable {
    var name: String
    var encoding: FeatureSpec.Encoding
    /// For `vocabulary` encoding.
    var vocabulary: Vocabulary?

    var rows: Int {
      switch encoding {
      case .vocabulary: vocabulary?.rows ?? 1
      case .hash(let rows), .index(let rows): rows
      }
    }

    func row(of category: UnsafeBufferPointer<UInt8>) -> Int {
      switch encoding {
      case .vocabulary: vocabulary?.row(of: category) ?? 0
      case .hash(let rows): Int(StableHash.hash(category) % UInt64(rows))
      // Checked when the text was read.
      case .index(let rows): min(max(Int(NumberParser.integer(category) ?? 0), 0), rows - 1)
      }
    }
  }

  /// A categorical feature.
  struct Feature: Sendable {
    var name: String
    var column: String
    var separator: String?
    var transform: FittedTransform
    var table: Int
    /// Every bag holds exactly one row number.
    var isSingle: Bool
  }

  /// A numeric feature: (x - mean) / deviation, after log1p where that is asked for.
  struct Dense: Sendable {
    var name: String
    var column: String
    var usesLog1p: Bool
    var missing: Double
    var mean: Double
    var deviation: Double

    func value(of raw: Double) -> Float {
      Float((Self.prepare(raw, usesLog1p: usesLog1p, missing: missing) - mean) / deviation)
    }

    static func prepare(_ raw: Double, usesLog1p: Bool, missing: Double) -> Double {
      let value = raw.isNaN ? missing : raw
      return usesLog1p ? NumberParser.log1pOfPositive(value) : value
    }
  }

  var tables: [Table]
  var features: [Feature]
  var dense: [Dense]

  /// The vocabulary of a table; nil where rows are hashes or indices, or where there is no such table.
  public func vocabulary(ofTable name: String) -> Vocabulary? {
    tables.first { $0.name == name }?.vocabulary
  }

  /// Row number + bag length of every distinct text of a column.
  struct CodeRows {
    /// Text i has rows[starts[i]..<starts[i + 1]].
    var starts: [Int]
    var rows: [UInt32]
  }

  /// Encodes every distinct text of `column` for feature `index`.
  func codeRows(of column: TextColumn, feature index: Int) -> CodeRows {
    let feature = features[index]
    let table = tables[feature.table]
    var result = CodeRows(starts: [0], rows: [])
    result.starts.reserveCapacity(column.dictionary.count + 1)
    result.rows.reserveCapacity(column.dictionary.count)
    let isIndex = if case .index = table.encoding { true } else { false }
    for code in 0..<column.dictionary.count {
      column.dictionary.withBytes(code) { text in
        // An empty field of row numbers is an empty bag; elsewhere it is the category of missing values.
        if isIndex, text.isEmpty, !feature.isSingle { return }
        if feature.separator == nil, feature.transform == .text {
          result.rows.append(UInt32(truncatingIfNeeded: table.row(of: text)))
          return
        }
        for piece in Pieces(text, separator: feature.separator) {
          let row = feature.transform.category(of: piece).withUnsafeBufferPointer { table.row(of: $0) }
          result.rows.append(UInt32(truncatingIfNeeded: row))
        }
      }
      result.starts.append(result.rows.count)
    }
    return result
  }
}
