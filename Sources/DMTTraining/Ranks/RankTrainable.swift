import DMTCore
import DMTDistributed
import DMTRuntime

/// A rank's part of a model as the training loop sees it.
final class RankTrainable: RankedModel {
  private let model: RankModel
  private let gatherer: RankGatherer
  private let wholeTensors: [WholeTensor]
  private let train: LookaheadBatches
  private let wantsToStop: () -> Bool

  /// - Parameters:
  ///   - train: the batches of training, whose next one is sent ahead.
  ///   - wantsToStop: this rank's own wish, of which all ranks learn with the next step.
  init(
    _ model: RankModel, train: LookaheadBatches, wantsToStop: @escaping () -> Bool
  ) throws(DMTError) {
    self.model = model
    self.train = train
    self.wantsToStop = wantsToStop
    let gatherer = try RankGatherer(model)
    self.gatherer = gatherer
    wholeTensors = try gatherer.wholeTensors()
    train.willSeek = { () throws(DMTError) in try model.discardAhead() }
  }

  var rank: Int { model.rank }
  var waitTimes: WaitTimes { model.waitTimes }
  /// All ranks agreed to end the run.
  var isStopAgreed: Bool { model.isStopAgreed }

  var wholeParameterCount: Int {
    wholeTensors.reduce(0) { $0 + ($1.role == .parameter ? $1.shape.reduce(1, *) : 0) }
  }

  func trainStep(_ batch: Batch, learningRateScale: Double, step: Int) throws(DMTError) -> Double {
    model.wantsToStop = wantsToStop()
    return try model.trainStep(batch, next: train.pending, learningRateScale: learningRateScale, step: step)
  }

  func predict(_ batch: Batch, into logits: UnsafeMutablePointer<Float>) throws(DMTError) {
    try model.predict(batch, into: logits)
  }

  func predictGlobal(_ batch: Batch) throws(DMTError) -> GatheredPredictions { try gatherer.predict(batch) }

  /// Parts of tensors have no place in a checkpoint; see ``collect(includesOptimizer:_:)`` and
  /// ``restore(_:includesOptimizer:)``.
  var trainableParameters: [TrainableParameter] { [] }

  func parametersChanged() { model.parametersChanged() }

  // MARK: - Checkpoints

  func restore(_ checkpoint: Checkpoint, includesOptimizer: Bool) throws(DMTError) {
    let parts = Dictionary(grouping: model.tensors, by: \.name)
    try checkpoint.restoreParts(described(includesOptimizer: true), includesOptimizer: includesOptimizer) {
      name, whole in
      for part in parts[name] ?? [] { part.load(from: whole) }
    }
    model.parametersChanged()
  }

  func collect(
    includesOptimizer: Bool, _ body: ([TrainableParameter]) throws(DMTError) -> Void
  ) throws(DMTError) {
    var memory: [String: UnsafeMutableRawBufferPointer] = [:]
    defer { for buffer in memory.values { buffer.deallocate() } }
    for tensor in wholeTensors where includesOptimizer || tensor.role == .parameter {
      var base: UnsafeMutableRawPointer?
      if rank == 0 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(tensor.byteCount, 1), alignment: 64)
        memory[tensor.name] = buffer
        base = buffer.baseAddress
      }
      try gatherer.collect(tensor, into: base)
    }
    var failure: DMTError?
    if rank == 0 {
      do throws(DMTError) {
        let whole = described(includesOptimizer: includesOptimizer) { name, bytes in
          memory[name].map { UnsafeMutableRawBufferPointer(rebasing: $0[..<bytes]) }
        }
        try body(whole)
      } catch { failure = error }
    }
    let worked = try gatherer.all(failure == nil)
    if let failure { throw failure }
    guard worked else {
      throw DMTError(.interconnectFailed, "rank 0 could not write a checkpoint", remedy: "see what rank 0 says")
    }
  }

  /// The whole tensors as parameters with their states; where memory is given, with it.
  private func described(
    includesOptimizer: Bool, memory: (String, Int) -> UnsafeMutableRawBufferPointer? = { _, _ in nil }
  ) -> [TrainableParameter] {
    func named(_ tensor: WholeTensor, _ name: String) -> NamedTensor {
      NamedTensor(
        name: name, dtype: tensor.dtype, shape: tensor.shape,
        bytes: memory(tensor.name, tensor.byteCount) ?? UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
    func states(of parameter: String) -> [NamedTensor] {
      var states: [NamedTensor] = []
      for tensor in wholeTensors where tensor.parameter == parameter {
        if case .state(let state) = tensor.role { states.append(named(tensor, state)) }
      }
      return states
    }
    return wholeTensors.filter { $0.role == .parameter }.map { parameter in
      TrainableParameter(
        tensor: named(parameter, parameter.name),
        states: includesOptimizer ? states(of: parameter.parameter) : [], operatorName: parameter.op,
        operatorRevision: parameter.revision)
    }
  }
}
