/// What every value of a text column must be, judged once for each distinct text.
enum FieldCheck: Sendable, Equatable {
  /// A number, or missing.
  case number(feature: String, separator: String?)
  /// Row numbers in 0..<rows; missing only where a separator makes it an empty bag.
  case index(feature: String, rows: Int, separator: String?)

  /// What is wrong with `bytes`, or nil.
  func complaint(about bytes: UnsafeBufferPointer<UInt8>) -> String? {
    switch self {
    case .number(let feature, let separator):
      for piece in Pieces(bytes, separator: separator)
      where !piece.isEmpty && NumberParser.double(piece) == nil {
        return "feature '\(feature)' needs a number, found '\(String(decoding: piece, as: UTF8.self))'"
      }
    case .index(let feature, let rows, let separator):
      if bytes.isEmpty {
        return separator == nil ? "feature '\(feature)' needs a row number in 0..<\(rows), found an empty field" : nil
      }
      for piece in Pieces(bytes, separator: separator) {
        let found = String(decoding: piece, as: UTF8.self)
        guard let index = NumberParser.integer(piece) else {
          return "feature '\(feature)' needs a row number in 0..<\(rows), found '\(found)'"
        }
        guard index >= 0, index < rows else {
          return "feature '\(feature)': index \(index) is out of range, expected 0..<\(rows)"
        }
      }
    }
    return nil
  }
}

/// The parts of a field between separators; one part where there is no separator.
struct Pieces: Sequence, IteratorProtocol {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let separator: [UInt8]
  private var at = 0
  private var isDone = false

  init(_ bytes: UnsafeBufferPointer<UInt8>, separator: String?) {
    self.bytes = bytes
    self.separator = Array((separator ?? "").utf8)
  }

  mutating func next() -> UnsafeBufferPointer<UInt8>? {
    if isDone { return nil }
    let start = at
    if !separator.isEmpty {
      while at + separator.count <= bytes.count {
        if bytes[at] == separator[0], matches(at) {
          defer { at += separator.count }
          return UnsafeBufferPointer(rebasing: bytes[start..<at])
        }
        at += 1
      }
    }
    isDone = true
    return UnsafeBufferPointer(rebasing: bytes[start...])
  }

  private func matches(_ place: Int) -> Bool {
    for index in separator.indices where bytes[place + index] != separator[index] { return false }
    return true
  }
}
