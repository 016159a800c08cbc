public import DMTCore
public import DMTRuntime

/// What the training loop needs of a model; the runtime's model conforms, and so does the small one of the tests.
///
/// One thread uses a model at a time.
public protocol TrainableModel: AnyObject {
  /// Forward, backward and update on one batch.
  ///
  /// - Parameters:
  ///   - learningRateScale: factor on every learning rate at this step.
  ///   - step: number of the update, from 1.
  /// - Returns: the mean loss of the batch before the update.
  /// - Throws: ``DMTError/Code/notFinite`` for a loss or a gradient that is NaN or infinite, before anything was updated;
  ///   what the kernels throw.
  func trainStep(_ batch: Batch, learningRateScale: Double, step: Int) throws(DMTError) -> Double

  /// Forward alone, without dropout; writes `batch.count` log-odds.
  func predict(_ batch: Batch, into logits: UnsafeMutablePointer<Float>) throws(DMTError)

  /// Every parameter in a fixed order, at the same addresses as long as the model lives.
  var trainableParameters: [TrainableParameter] { get }

  /// The parameters' memory was written from outside: what was packed from it is stale.
  func parametersChanged()
}

extension Model: TrainableModel {
  /// The parameters and tables in the model's order, each with its optimizer's states.
  public var trainableParameters: [TrainableParameter] {
    var result: [TrainableParameter] = []
    var positions: [String: Int] = [:]
    let tensors = tensors
    for tensor in tensors where tensor.role == .parameter {
      positions[tensor.parameter] = result.count
      result.append(
        TrainableParameter(
          tensor: NamedTensor(tensor, name: tensor.parameter), operatorName: tensor.op,
          operatorRevision: tensor.revision))
    }
    for tensor in tensors {
      guard case .state(let name) = tensor.role, let position = positions[tensor.parameter] else { continue }
      result[position].states.append(NamedTensor(tensor, name: name))
    }
    return result
  }
}

extension NamedTensor {
  fileprivate init(_ tensor: ModelTensor, name: String) {
    self.init(
      name: name, dtype: tensor.dtype, shape: tensor.shape,
      bytes: UnsafeMutableRawBufferPointer(start: tensor.memory, count: tensor.byteCount))
  }
}
