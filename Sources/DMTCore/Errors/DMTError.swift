/// An error that says what was found, what was expected, where, and how to fix it.
///
/// Every failing function of the project throws this one type, so that a caller can print it, test its `code`, or add
/// the place that only it knows (``at(_:)``).
public struct DMTError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure it is.
  public var code: Code
  /// What was found and what was expected, as one or more full sentences without a final newline.
  public var message: String
  /// Where it happened.
  public var place: Place
  /// What the reader can do about it.
  public var remedy: String?
  /// Failures that led to this one, or further failures of the same kind.
  public var causes: [DMTError]

  public init(
    _ code: Code, _ message: String, place: Place = Place(), remedy: String? = nil, causes: [DMTError] = []
  ) {
    self.code = code
    self.message = message
    self.place = place
    self.remedy = remedy
    self.causes = causes
  }

  /// The same error with the parts of `place` that it did not know yet.
  public func at(_ place: Place) -> DMTError {
    var copy = self
    copy.place = copy.place.completed(by: place)
    return copy
  }

  /// `PLACE: error: MESSAGE` with the remedy and the causes on lines of their own.
  public var description: String {
    var text = place.isEmpty ? "error: \(message)" : "\(place): error: \(message)"
    if let remedy { text += "\n  fix: \(remedy)" }
    for cause in causes {
      text +=
        "\n  " + cause.description.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ")
    }
    return text
  }
}
