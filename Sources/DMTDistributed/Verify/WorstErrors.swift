/// For each tensor the largest difference and the largest magnitude of all comparisons.
///
/// The largest magnitude of all steps: samples of one step may cancel to a gradient that is smaller than the rounding of their
/// sum, as a bias of one number can over five samples. The absolute check in float64 sees small gradients too.
package struct WorstErrors {
  /// What is kept of a tensor.
  package struct Entry: Sendable, Equatable {
    /// The largest difference.
    package var error: Double
    /// The largest magnitude of what was expected.
    package var largest: Double
  }

  private var worst: [String: Entry] = [:]
  /// Tensors in the order in which they were first compared.
  package private(set) var tensors: [String] = []

  package init() {}

  package subscript(tensor: String) -> Entry? { worst[tensor] }

  /// Adds a comparison.
  package mutating func note(_ tensor: String, error: Double, largest: Double) {
    if worst[tensor] == nil { tensors.append(tensor) }
    let before = worst[tensor] ?? Entry(error: 0, largest: 0)
    worst[tensor] = Entry(
      error: Self.larger(before.error, error), largest: Self.larger(before.largest, largest))
  }

  /// The tensor was left out of a comparison, or is one that should not be there: no tolerance is as wide.
  package mutating func noteMissing(_ tensor: String) { note(tensor, error: .infinity, largest: 0) }

  /// The larger one; a NaN is larger than every number.
  package static func larger(_ a: Double, _ b: Double) -> Double { a.isNaN || b <= a ? a : b }
}
