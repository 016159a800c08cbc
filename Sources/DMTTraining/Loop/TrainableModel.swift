public import DMTCore

/// What the training loop needs of a model; the runtime's model conforms, and so does the small one of the tests.
///
/// One thread uses a model at a time.
public protocol TrainableModel: AnyObject {
  /// Forward, backward and update on one batch.
  ///
  /// - Parameters:
  ///   - learningRateScale: factor on every learning rate at this step.
  ///   - step: number of the step, from 0; the optimizers' own count is one more.
  /// - Returns: the mean loss of the batch before the update; NaN or infinite when it is, in which case nothing was updated.
  /// - Throws: ``DMTError/Code/notFinite`` for a gradient that is NaN or infinite, before anything was updated; what the
  ///   kernels throw.
  func trainStep(batch: Batch, learningRateScale: Double, step: Int) throws(DMTError) -> Float

  /// Forward alone, without dropout; writes `batch.count` log-odds.
  func predict(batch: Batch, into logits: UnsafeMutablePointer<Float>) throws(DMTError)

  /// Every parameter in a fixed order, at the same addresses as long as the model lives.
  var parameters: [TrainableParameter] { get }

  /// The parameters' memory was written from outside: what was packed from it is stale.
  func parametersChanged()
}
