package import DMTCore

/// Hears of every node of a step at the moment when what the node reads is in memory.
///
/// A program's memory is used again as soon as nobody in the program reads it; whoever wants to see more looks now.
package protocol StepWatch: AnyObject {
  /// The tables were looked up into the program's inputs.
  func begin(_ program: Program, batch: Batch) throws(DMTError)
  /// Node `index` of the program's steps is about to run forward; the ones before it have.
  func beforeForward(_ index: Int) throws(DMTError)
  /// All nodes have run forward.
  func afterForward() throws(DMTError)
  /// Node `index` is about to run backward; its outputs' gradients are there.
  func beforeBackward(_ index: Int) throws(DMTError)
  /// Node `index` has run backward.
  func afterBackward(_ index: Int) throws(DMTError)
  /// All gradients are there, those of the pooled embeddings too; nothing was updated.
  func end() throws(DMTError)
}
