import DMTCore

/// What a step's stages work with: the batch and who has how many of its samples.
struct FlowContext {
  /// This rank's samples.
  var batch: Batch
  /// Samples of every rank.
  var counts: [Int]
  /// Dropout drops, and backward follows.
  var isTraining: Bool
  /// Number of the step, from 1.
  var step: Int
}

/// A piece of work of a rank's dataflow: what some steps have become after all that only renames data was folded away.
///
/// Stages run forward in their order and backward in the reverse order.
class FlowStage {
  /// Forward: sets the rows of the pieces it makes, and makes them, or begins what others have to take part in.
  func start(_ context: FlowContext) throws(DMTError) {}
  /// Forward: waits for what ``start(_:)`` has begun, and makes what is left to make.
  func finish(_ context: FlowContext) throws(DMTError) {}
  /// After all stages' forward: says where the gradients of the pieces it made are to be written.
  func prepareBackward() {}
  /// Backward: from the gradients of the pieces it made to those of the pieces it read, or begins what others have to take
  /// part in.
  func startBackward(_ context: FlowContext) throws(DMTError) {}
  /// Backward: waits for what ``startBackward(_:)`` has begun, and makes what is left to make.
  func finishBackward(_ context: FlowContext) throws(DMTError) {}
  /// Bytes that the last forward and backward moved inside the rank, collectives' own excepted.
  var copiedBytes = 0
}
