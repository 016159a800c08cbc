import DMTCore
import DMTManifest

/// What must be read: which columns as text, which as numbers, and which decide label, split and joins.
struct ColumnPlan {
  /// Columns whose texts are needed, with what each text must be.
  private(set) var text: [String: [FieldCheck]] = [:]
  /// Columns whose numbers are needed, with the dense feature that needs them.
  private(set) var numbers: [String: String] = [:]
  /// For messages: who needs the column.
  private(set) var reasons: [String: String] = [:]
  /// All of them in the order in which they were asked for.
  private(set) var order: [String] = []

  init(features: [FeatureSpec], dense: [DenseSpec]) {
    for feature in features {
      need(feature.column, for: "feature '\(feature.name)'")
      var checks = text[feature.column] ?? []
      switch (feature.encoding, feature.transform) {
      case (.index(let rows), .text):
        checks.append(.index(feature: feature.name, rows: rows, separator: feature.separator))
      case (_, .text): break
      default: checks.append(.number(feature: feature.name, separator: feature.separator))
      }
      text[feature.column] = checks
    }
    for column in dense {
      need(column.column, for: "dense feature '\(column.name)'")
      numbers[column.column] = numbers[column.column] ?? column.name
    }
  }

  /// A plan without columns, to be filled with ``needText(_:for:)``.
  init() {}

  /// Asks for a column's texts without a check.
  mutating func needText(_ column: String, for reason: String) {
    need(column, for: reason)
    text[column] = text[column] ?? []
  }

  private mutating func need(_ column: String, for reason: String) {
    if reasons[column] == nil {
      order.append(column)
      reasons[column] = reason
    }
  }

  /// The part of the plan that concerns `columns`.
  func restricted(to columns: Set<String>) -> ColumnPlan {
    var plan = self
    plan.text = text.filter { columns.contains($0.key) }
    plan.numbers = numbers.filter { columns.contains($0.key) }
    plan.order = order.filter { columns.contains($0) }
    return plan
  }

  /// The error of a column that no file has.
  static func missing(
    _ column: String, for reason: String, among names: [String], file: String, place: DMTError.Place
  ) -> DMTError {
    DMTError(
      .notFound,
      "\(reason) needs column '\(column)', which \(file) does not have; its columns: \(names.joined(separator: ", "))",
      place: place, remedy: Spelling.suggestion(for: column, in: names))
  }
}

/// Judges the label column.
struct LabelReader {
  private let rule: DataSection.LabelRule
  private let texts: [[UInt8]]

  init(rule: DataSection.LabelRule) {
    self.rule = rule
    if case .oneOf(let texts) = rule { self.texts = texts.map { Array($0.utf8) } } else { texts = [] }
  }

  /// 0 or 1, or nil when the field is not what the rule expects.
  func label(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt8? {
    switch rule {
    case .binary:
      if bytes.count == 1, bytes[0] == 0x30 || bytes[0] == 0x31 { return bytes[0] - 0x30 }
      guard let value = NumberParser.double(bytes), value == 0 || value == 1 else { return nil }
      return value == 1 ? 1 : 0
    case .atLeast(let bound):
      guard let value = NumberParser.double(bytes) else { return nil }
      return value >= bound ? 1 : 0
    case .oneOf:
      if bytes.isEmpty { return nil }
      return texts.contains { $0.count == bytes.count && $0.elementsEqual(bytes) } ? 1 : 0
    }
  }

  /// What was found and expected, for a field without a label.
  func complaint(_ bytes: UnsafeBufferPointer<UInt8>, column: String) -> String {
    let found = bytes.isEmpty ? "an empty field" : "'\(String(decoding: bytes, as: UTF8.self))'"
    let expected =
      switch rule {
      case .binary: "0 or 1"
      case .atLeast: "a number"
      case .oneOf: "a text"
      }
    return "label column '\(column)' needs \(expected), found \(found)"
  }
}

/// Assigns rows to splits.
enum SplitRule {
  /// All rows of the file.
  case all(SplitName)
  /// By the row's number.
  case rows(hasTestFile: Bool)
  /// By the text of a column.
  case column(String, [String: SplitName])
}
