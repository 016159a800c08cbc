import DMTCore

/// Counts the rows that cannot be used and ends the reading when there are too many.
final class BadRows {
  /// How many errors are kept word for word.
  static let kept = 5

  private let limit: Int
  private(set) var count = 0
  private(set) var first: [DMTError] = []

  private let remedy: String?

  /// - Parameter remedy: what to do about a row whose error does not say it.
  init(limit: Int, remedy: String? = nil) {
    self.limit = max(0, limit)
    self.remedy = remedy
  }

  /// Notes a bad row; past the limit it throws: the row's own error where no bad row is allowed, else a summary.
  func report(_ error: DMTError) throws(DMTError) {
    var error = error
    error.remedy = error.remedy ?? remedy
    count += 1
    if first.count < Self.kept { first.append(error) }
    guard count > limit else { return }
    guard limit > 0 else { throw error }
    throw DMTError(
      .invalidData, "\(count) bad rows so far, and at most \(limit) may be left out; the first ones follow",
      place: .init(file: error.place.file), remedy: "mend the rows, or raise `data.max_bad_rows`",
      causes: first)
  }
}
