/// What a collective needs in backward alone: stages that are never in backward at the same time may share it.
final class BackwardMemory {
  /// The gradient of the result.
  let gradient = GrowingMemory()
  /// The gradient in its wire type.
  let wire = GrowingMemory()
  /// What others have of the gradient.
  let receive = GrowingMemory()
  /// Rows between two layouts, within a call.
  let rows = GrowingMemory()
}
