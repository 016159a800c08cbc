public import DMTCore
public import DMTDistributed

/// A model of which one rank holds a part: what the training loop does differently when there are others.
///
/// Every rank runs the same loop and makes the same calls in the same order. Rank 0 leads: it alone writes the run's files.
public protocol RankedModel: TrainableModel {
  /// This rank.
  var rank: Int { get }
  /// Elements of all parameters of the whole model.
  var wholeParameterCount: Int { get }
  /// Seconds waited for other ranks so far.
  var waitTimes: WaitTimes { get }
  /// Predicts a global batch, of which `batch` is this rank's part; every rank gets the logits of all.
  func predictGlobal(_ batch: Batch) throws(DMTError) -> GatheredPredictions
  /// Takes this rank's parts out of a checkpoint, which does not know of layouts.
  ///
  /// - Throws: ``DMTError/Code/shapeMismatch`` with every difference when it is of another model.
  func restore(_ checkpoint: Checkpoint, includesOptimizer: Bool) throws(DMTError)
  /// Puts the whole tensors together on rank 0 and calls `body` there.
  ///
  /// - Throws: on rank 0 what `body` throws; on the others ``DMTError/Code/interconnectFailed`` when it threw.
  func collect(
    includesOptimizer: Bool, _ body: ([TrainableParameter]) throws(DMTError) -> Void
  ) throws(DMTError)
}

extension RankedModel {
  /// Rank 0 writes the run's files.
  var isLeader: Bool { rank == 0 }
}
