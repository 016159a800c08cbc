import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime

/// The ranks of a model as threads of the test.
struct RankWorld {
  /// One thread at a time uses it.
  private struct Handle: @unchecked Sendable {
    var model: RankModel
    var gatherer: RankGatherer
  }

  private struct Unchecked<Value>: @unchecked Sendable {
    var value: Value
  }

  private let ranks: [Handle]
  private let world: any InterconnectWorld

  init(
    _ verification: Verification, settings: Model.Settings, interconnect: any Interconnect = ThreadsInterconnect()
  ) throws {
    let count = verification.flow.request.groups.topology.rankCount
    let world = try interconnect.openWorld(rankCount: count, timeoutMilliseconds: 60_000)
    self.world = world
    let given = Unchecked(value: verification)
    ranks = try RankThreads.run(count) { rank throws(DMTError) in
      let verification = given.value
      let model = try RankModel(
        plan: verification.plan, flow: verification.flow, isSingle: verification.isSingle, settings: settings,
        components: verification.components, connection: try world.connect(rank: rank), dense: verification.dense,
        lookup: verification.lookup)
      return Handle(model: model, gatherer: try RankGatherer(model))
    }
  }

  var models: [RankModel] { ranks.map(\.model) }

  /// Trains all ranks on one global batch.
  func trainStep(_ batch: Batch, step: Int) throws {
    let parts = Unchecked(
      value: batch.slices(RankModel.counts(ofGlobalBatch: batch.count, ranks: ranks.count)))
    let ranks = ranks
    _ = try RankThreads.run(ranks.count) { rank throws(DMTError) in
      try ranks[rank].model.trainStep(parts.value[rank], step: step)
    }
  }

  /// Trains all ranks on global batches, each of which knows the next one.
  ///
  /// - Parameter between: called on every rank after each step, with the step's number.
  func train(
    _ batches: [Batch], firstStep: Int = 1,
    between: @escaping @Sendable (RankModel, Int) throws(DMTError) -> Void = { _, _ throws(DMTError) in }
  ) throws {
    let ranks = ranks
    let parts = Unchecked(
      value: batches.map { $0.slices(RankModel.counts(ofGlobalBatch: $0.count, ranks: ranks.count)) })
    _ = try RankThreads.run(ranks.count) { rank throws(DMTError) in
      for index in parts.value.indices {
        let next = index + 1 < parts.value.count ? parts.value[index + 1][rank] : nil
        _ = try ranks[rank].model.trainStep(parts.value[index][rank], next: next, step: firstStep + index)
        try between(ranks[rank].model, index)
      }
    }
  }

  /// All tensors of the model by name, put together from the ranks' parts.
  func collect() throws -> [String: [Double]] {
    let ranks = ranks
    let whole = try RankThreads.run(ranks.count) { rank throws(DMTError) in
      let gatherer = ranks[rank].gatherer
      var found: [String: [Double]] = [:]
      for tensor in try gatherer.wholeTensors() {
        let count = tensor.byteCount / 8
        let memory = UnsafeMutablePointer<Double>.allocate(capacity: max(count, 1))
        memory.initialize(repeating: .nan, count: max(count, 1))
        defer { memory.deallocate() }
        try gatherer.collect(tensor, into: rank == 0 ? UnsafeMutableRawPointer(memory) : nil)
        found[tensor.name] = Array(UnsafeBufferPointer(start: memory, count: count))
      }
      return found
    }
    return whole[0]
  }

  /// Gives every rank its parts of whole tensors.
  func restore(_ whole: [String: [Double]]) {
    for rank in ranks {
      for tensor in rank.model.tensors {
        guard let values = whole[tensor.name] else { continue }
        values.withUnsafeBytes { if let base = $0.baseAddress { tensor.load(from: base) } }
      }
      rank.model.parametersChanged()
    }
  }
}
