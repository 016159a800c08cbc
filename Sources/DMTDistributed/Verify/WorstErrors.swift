/// For each tensor the comparison that is furthest outside, or nearest to, what is allowed.
package struct WorstErrors {
  /// A comparison of a tensor.
  package struct Entry: Sendable, Equatable {
    /// The largest difference.
    package var error: Double
    /// The largest magnitude of what was expected.
    package var largest: Double
  }

  /// Errors are held against a number, not against a share of the tensor's largest.
  private let isAbsolute: Bool
  private var worst: [String: Entry] = [:]
  /// Tensors in the order in which they were first compared.
  package private(set) var tensors: [String] = []

  package init(isAbsolute: Bool) { self.isAbsolute = isAbsolute }

  package subscript(tensor: String) -> Entry? { worst[tensor] }

  /// Adds a comparison; a NaN is worse than every number, and an error where zeros were expected worse than any share.
  package mutating func note(_ tensor: String, error: Double, largest: Double) {
    let entry = Entry(error: error, largest: largest)
    guard let before = worst[tensor] else {
      tensors.append(tensor)
      worst[tensor] = entry
      return
    }
    let (new, old) = (badness(entry), badness(before))
    // Of two without an error the larger tensor says more.
    if new > old || (new == 0 && old == 0 && largest > before.largest) { worst[tensor] = entry }
  }

  /// The tensor was left out of a comparison, or is one that should not be there.
  package mutating func noteMissing(_ tensor: String) { note(tensor, error: .infinity, largest: 0) }

  private func badness(_ entry: Entry) -> Double {
    if entry.error.isNaN { return .infinity }
    if entry.error == 0 || isAbsolute { return entry.error }
    return entry.error / entry.largest
  }
}
