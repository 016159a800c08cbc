/// A column of texts, dictionary-encoded as it is read: every distinct text is stored, checked and encoded once.
final class TextColumn {
  /// What the texts must be.
  let checks: [FieldCheck]
  private let missing: [[UInt8]]
  private(set) var dictionary = ByteDictionary()
  /// Every row's text; of bag columns, every piece's.
  private(set) var codes: [UInt32] = []
  /// Where every row's pieces start, and one more; nil: one text a row.
  private(set) var offsets: [Int]?
  /// By code: the code it stands for (a text that counts as missing stands for the empty text).
  private var standsFor: [UInt32] = []
  private var isBad: [Bool] = []

  /// - Parameters:
  ///   - isBag: rows hold any number of pieces.
  ///   - missing: texts that count as the empty text.
  init(checks: [FieldCheck] = [], missing: [String] = [], isBag: Bool = false) {
    self.checks = checks
    self.missing = missing.map { Array($0.utf8) }
    if isBag { offsets = [0] }
  }

  /// A column that is there already; its texts pass all checks.
  ///
  /// - Parameter offsets: where every row's pieces start, and one more; nil: one code a row.
  init(dictionary: ByteDictionary, codes: [UInt32], offsets: [Int]?) {
    checks = []
    missing = []
    self.dictionary = dictionary
    self.codes = codes
    self.offsets = offsets
    standsFor = (0..<dictionary.count).map { UInt32($0) }
    isBad = [Bool](repeating: false, count: dictionary.count)
  }

  /// The code of a text, or nil when a check fails.
  func code(for bytes: UnsafeBufferPointer<UInt8>) -> UInt32? {
    let (code, isNew) = dictionary.insert(bytes)
    if isNew { enter(bytes) }
    return isBad[code] ? nil : standsFor[code]
  }

  /// What the checks say about a text.
  func complaint(about bytes: UnsafeBufferPointer<UInt8>) -> String? {
    for check in checks {
      if let complaint = check.complaint(about: bytes) { return complaint }
    }
    return nil
  }

  func append(_ code: UInt32) { codes.append(code) }

  /// Appends a row of a bag column.
  func append(bag: some Sequence<UInt32>) {
    codes.append(contentsOf: bag)
    offsets?.append(codes.count)
  }

  /// The code of the empty text.
  func codeOfMissing() -> UInt32? {
    code(for: UnsafeBufferPointer(start: nil, count: 0))
  }

  func reserve(_ rows: Int) { codes.reserveCapacity(rows) }

  private func enter(_ bytes: UnsafeBufferPointer<UInt8>) {
    let code = UInt32(truncatingIfNeeded: standsFor.count)
    let countsAsMissing = missing.contains { $0.count == bytes.count && $0.elementsEqual(bytes) }
    standsFor.append(code)
    isBad.append(false)
    if countsAsMissing, !bytes.isEmpty {
      let empty = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
      let (emptyCode, isNew) = dictionary.insert(empty)
      if isNew { enter(empty) }
      standsFor[Int(code)] = UInt32(emptyCode)
      isBad[Int(code)] = isBad[emptyCode]
    } else {
      isBad[Int(code)] = complaint(about: bytes) != nil
    }
  }

  /// The same texts, row by row of another table: row i is row `rows[i]` of this column, or missing where that is negative.
  func joined(rows: [Int32]) -> TextColumn? {
    let column = TextColumn(checks: checks)
    guard rows.contains(where: { $0 < 0 }) else {
      column.take(dictionary: dictionary, codes: rows.map { codes[Int($0)] }, like: self)
      return column
    }
    guard let empty = codeOfMissing() else { return nil }
    column.take(dictionary: dictionary, codes: rows.map { $0 < 0 ? empty : codes[Int($0)] }, like: self)
    return column
  }

  private func take(dictionary: ByteDictionary, codes: [UInt32], like other: TextColumn) {
    self.dictionary = dictionary
    self.codes = codes
    standsFor = other.standsFor
    isBad = other.isBad
  }
}

/// A column of numbers; a missing one is NaN (no number that is read is).
final class NumberColumn {
  /// The dense feature that needs the numbers, for messages.
  let feature: String
  private let missing: [[UInt8]]
  private(set) var values: [Double] = []
  /// Some texts count as missing, so that a number's text has to be looked at.
  var hasMissingTexts: Bool { !missing.isEmpty }

  init(feature: String, missing: [String] = []) {
    self.feature = feature
    self.missing = missing.map { Array($0.utf8) }
  }

  init(feature: String, values: [Double]) {
    self.feature = feature
    missing = []
    self.values = values
  }

  /// The number that a field holds (NaN: missing), or nil when it holds something else.
  func number(in bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    if bytes.isEmpty { return .nan }
    for text in missing where text.count == bytes.count && text.elementsEqual(bytes) { return .nan }
    return NumberParser.double(bytes)
  }

  /// What is wrong with a field that holds no number.
  func complaint(about bytes: UnsafeBufferPointer<UInt8>) -> String {
    "dense feature '\(feature)' needs a number, found '\(String(decoding: bytes, as: UTF8.self))'"
  }

  func append(_ value: Double) { values.append(value) }

  /// The same numbers, row by row of another table.
  func joined(rows: [Int32]) -> NumberColumn {
    NumberColumn(feature: feature, values: rows.map { $0 < 0 ? .nan : values[Int($0)] })
  }
}

/// The columns of one table, or of all files of the data set, as they were read.
final class RawTable {
  var text: [String: TextColumn] = [:]
  var numbers: [String: NumberColumn] = [:]
  /// 0 or 1 a row; empty where the file has no label.
  var labels: [UInt8] = []
  var splits: [SplitName] = []
  /// Every row's number in its file, from 0.
  var rowNumbers: [UInt32] = []
  /// Rows that were kept.
  var count = 0
}
