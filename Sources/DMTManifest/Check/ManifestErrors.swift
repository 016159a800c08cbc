import DMTCore

/// Gathers the independent complaints about one manifest, so that a reader sees all of them at once.
struct ManifestErrors {
  private static let maximumShown = 50

  private(set) var errors: [DMTError] = []

  /// Records a complaint about a value.
  mutating func add(_ message: String, at origin: ManifestOrigin, remedy: String? = nil) {
    errors.append(DMTError(.invalidManifest, message, place: origin.place, remedy: remedy))
  }

  /// Records a complaint that is already complete.
  mutating func append(_ error: DMTError) { errors.append(error) }

  /// Throws what was gathered: one error as it is, several as the causes of one.
  func throwIfAny(file: String) throws(DMTError) {
    if errors.count == 1 { throw errors[0].at(DMTError.Place(file: file)) }
    guard !errors.isEmpty else { return }
    let shown = errors.prefix(Self.maximumShown).map { $0.at(DMTError.Place(file: file)) }
    let rest = errors.count - shown.count
    throw DMTError(
      .invalidManifest, "\(errors.count) errors in the manifest" + (rest > 0 ? ", the first \(shown.count) are" : ""),
      place: DMTError.Place(file: file), causes: Array(shown))
  }
}
