import DMTCore
import DMTDataflow
import DMTRuntime

/// A model in one process and the same one on ranks, side by side.
final class VerificationPair {
  private let verification: Verification
  private let settings: Model.Settings
  private let flat: Model
  private let world: any InterconnectWorld
  private let ranks: [RankHandle]
  private var worst = WorstErrors()

  /// Moves a rank's model from thread to thread; one at a time uses it.
  private struct RankHandle: @unchecked Sendable {
    var model: RankModel
  }

  init(_ verification: Verification, settings: Model.Settings) throws(DMTError) {
    self.verification = verification
    self.settings = settings
    flat = try Model(plan: verification.plan, settings: settings, components: verification.components)
    let count = verification.flow.request.groups.topology.rankCount
    guard verification.interconnect.isEmbedded else {
      throw DMTError(
        .unsupported, "interconnect '\(verification.interconnect.name)' has its ranks in other processes",
        remedy: "verify on threads")
    }
    let world = try verification.interconnect.openWorld(rankCount: count, timeoutMilliseconds: 60_000)
    self.world = world
    let make = Unchecked(verification)
    ranks = try RankThreads.run(count) { rank throws(DMTError) in
      let verification = make.value
      let connection = try world.connect(rank: rank)
      do throws(DMTError) {
        return RankHandle(
          model: try RankModel(
            plan: verification.plan, flow: verification.flow, isSingle: verification.isSingle, settings: settings,
            components: verification.components, connection: connection, dense: verification.dense,
            lookup: verification.lookup))
      } catch {
        connection.abort("rank \(rank) failed: \(error.message)")
        throw error
      }
    }
  }

  /// Read-only from the ranks' threads.
  private struct Unchecked<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
  }

  // MARK: - Embeddings

  /// Compares embeddings where they arrive, from the initial tables.
  func compareEmbeddings() throws(DMTError) -> [VerificationReport.Item] {
    for (batch, counts) in zip(verification.batches, verification.counts) {
      let expected = try flatEmbeddings(batch)
      defer { for memory in expected { memory.deallocate() } }
      let arrived = try forwardOnRanks(batch, counts)
      compare(expected, arrived, counts)
    }
    return items(.embeddings)
  }

  private func flatEmbeddings(_ batch: Batch) throws(DMTError) -> [UnsafeMutablePointer<Float>] {
    let outputs = flat.plan.embeddingOutputs.map {
      UnsafeMutablePointer<Float>.allocate(capacity: max(batch.count * $0.columns, 1))
    }
    guard batch.count > 0 else { return outputs }
    for (index, output) in outputs.enumerated() { flat.embedding.setOutput(index, output) }
    try flat.embedding.forward(batch)
    return outputs
  }

  private func forwardOnRanks(_ batch: Batch, _ counts: [Int]) throws(DMTError) -> [[VerifiedArrival]] {
    let parts = Unchecked(batch.slices(counts))
    let ranks = ranks
    return try RankThreads.run(ranks.count) { rank throws(DMTError) in
      let model = ranks[rank].model
      let collected = VerifiedArrivals()
      model.rankFlow.observe { arrived in
        let rows = arrived.samples.reduce(0) { $0 + counts[$1] }
        let memory = arrived.memory.assumingMemoryBound(to: Float.self)
        collected.arrivals.append(
          VerifiedArrival(
            output: arrived.output, samples: arrived.samples, columns: arrived.columns,
            values: Array(UnsafeBufferPointer(start: memory, count: rows * arrived.columns))))
      }
      defer { model.rankFlow.observe(nil) }
      var logits = [Float](repeating: 0, count: max(parts.value[rank].count, 1))
      try logits.withUnsafeMutableBufferPointer { logits throws(DMTError) in
        guard let memory = logits.baseAddress else { return }
        try model.endingOthersOnFailure { () throws(DMTError) in
          try model.predict(parts.value[rank], counts: counts, into: memory)
        }
      }
      return collected.arrivals
    }
  }

  private func compare(_ expected: [UnsafeMutablePointer<Float>], _ arrived: [[VerifiedArrival]], _ counts: [Int]) {
    let plan = verification.plan
    var samplesOf = [Int](repeating: 0, count: plan.embeddingOutputs.count)
    var starts = [0]
    for count in counts { starts.append(starts[starts.count - 1] + count) }
    for arrival in arrived.joined() {
      samplesOf[arrival.output] += arrival.samples.reduce(0) { $0 + counts[$1] }
      for (feature, entry) in plan.features.enumerated() where entry.output == arrival.output {
        let dim = plan.tables[entry.table].shape.dim
        var (error, largest) = (0.0, 0.0)
        var row = 0
        for source in arrival.samples {
          for sample in 0..<counts[source] {
            for column in entry.column..<entry.column + dim {
              let mine = arrival.values[row * arrival.columns + column]
              let theirs = expected[arrival.output][(starts[source] + sample) * arrival.columns + column]
              error = WorstErrors.larger(error, Double(abs(mine - theirs)))
              largest = max(largest, Double(abs(theirs)))
            }
            row += 1
          }
        }
        worst.note(embeddingsName(feature), error: error, largest: largest)
      }
    }
    // Every sample arrives once, at a tower or at the over-arch.
    for (feature, entry) in plan.features.enumerated() where samplesOf[entry.output] != counts.reduce(0, +) {
      worst.noteMissing(embeddingsName(feature))
    }
  }

  private func embeddingsName(_ feature: Int) -> String {
    let isFirstOrder = verification.plan.features[feature].output == verification.plan.firstOrderOutput
    return "embeddings of \(verification.flow.request.features[feature].name)\(isFirstOrder ? " (first order)" : "")"
  }

  // MARK: - Steps

  /// Compares gradients, and without resynchronising weights and states, after every step.
  func compareSteps(resynchronising: Bool) throws(DMTError) -> [VerificationReport.Item] {
    worst = WorstErrors()
    let parts = Unchecked(zip(verification.batches, verification.counts).map { $0.slices($1) })
    let ahead = LookupsAhead(verification.lookup, flat)
    for (index, (batch, counts)) in zip(verification.batches, verification.counts).enumerated() {
      if resynchronising, index > 0 { copyWeightsToRanks() }
      let ranks = ranks
      let hasNext = verification.lookup == .semiSynchronous && index + 1 < verification.batches.count
      let losses = try RankThreads.run(ranks.count) { rank throws(DMTError) in
        let model = ranks[rank].model
        return try model.endingOthersOnFailure { () throws(DMTError) in
          try model.trainStep(
            parts.value[index][rank], counts: counts, next: hasNext ? parts.value[index + 1][rank] : nil,
            step: index + 1)
        }
      }
      let pooled = ahead.take()
      if hasNext, batch.count > 0 { try ahead.lookUp(verification.batches[index + 1]) }
      let loss = try flat.trainStep(batch, pooled: pooled, step: index + 1)
      for other in losses { worst.note("loss", error: abs(other - loss), largest: max(abs(loss), 1)) }
      if batch.count > 0 { try compareGradients() }
      if !resynchronising { compareTensors() }
    }
    return items(resynchronising ? .float32 : .float64)
  }

  private func copyWeightsToRanks() {
    let whole = Dictionary(flat.tensors.map { ($0.name, $0.memory) }, uniquingKeysWith: { first, _ in first })
    for rank in ranks {
      for tensor in rank.model.tensors {
        if let memory = whole[tensor.name] { tensor.load(from: UnsafeRawPointer(memory)) }
      }
      rank.model.parametersChanged()
    }
  }

  private func compareTensors() {
    let whole = Dictionary(flat.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var covered: [String: Int] = [:]
    for rank in ranks {
      for tensor in rank.model.tensors {
        guard let expected = whole[tensor.name] else {
          worst.noteMissing(tensor.name)
          continue
        }
        let values = read(expected.memory, expected.count)
        let part = read(tensor.memory, tensor.rows.count * tensor.columns.count)
        var error = 0.0
        for (index, row) in tensor.rows.enumerated() {
          for (place, column) in tensor.columns.enumerated() {
            error = WorstErrors.larger(
              error, abs(part[index * tensor.columns.count + place] - values[row * tensor.width + column]))
          }
        }
        worst.note(tensor.name, error: error, largest: values.reduce(0) { max($0, abs($1)) })
        if tensor.isAnswered { covered[tensor.name, default: 0] += part.count }
      }
    }
    // What nobody answers for would be lost in a checkpoint.
    for (name, tensor) in whole where covered[name] != tensor.count { worst.noteMissing(name) }
  }

  private func compareGradients() throws(DMTError) {
    var compared: [String: [Range<Int>]] = [:]
    for rank in ranks {
      for unit in [rank.model.overArch] + rank.model.towers.map(\.unit) {
        for part in unit.parameters.parts {
          let name = unit.parameters.parameters[part.parameter].name
          guard let expected = flat.gradient(ofParameter: name) else {
            worst.noteMissing("gradient of \(name)")
            continue
          }
          compared[name, default: []].append(part.elements)
          compareGradient(
            name, read(part.gradient, part.elements.count), read(expected.memory, expected.count), at: part.elements)
        }
      }
    }
    for parameter in flat.plan.graph.parameters {
      let count = flat.gradient(ofParameter: parameter.name)?.count ?? 0
      if !Self.cover(compared[parameter.name] ?? [], count) { worst.noteMissing("gradient of \(parameter.name)") }
    }
    for (index, table) in flat.plan.tables.enumerated() {
      let expected = try TableGradient(of: flat.embedding, layoutTable: index, whole: table.shape)
      var sum = TableGradient(whole: table.shape)
      for rank in ranks {
        for lookup in rank.model.rankFlow.lookups {
          for (place, part) in lookup.store.tables.enumerated() where part.name == table.name {
            try sum.add(lookup.embedding, layoutTable: place)
          }
        }
      }
      compareGradient(table.parameterName, sum.values, expected.values)
    }
  }

  /// Compares elements of a gradient with those of the whole one.
  private func compareGradient(_ name: String, _ mine: [Double], _ theirs: [Double], at elements: Range<Int>? = nil) {
    var error = 0.0
    for (a, b) in zip(mine, elements.map { theirs[$0] } ?? theirs[...]) {
      error = WorstErrors.larger(error, abs(a - b))
    }
    worst.note("gradient of \(name)", error: error, largest: theirs.reduce(0) { max($0, abs($1)) })
  }

  /// Whether elements `0..<count` are all in the ranges.
  private static func cover(_ ranges: [Range<Int>], _ count: Int) -> Bool {
    var end = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.lowerBound <= end {
      end = max(end, range.upperBound)
    }
    return end >= count
  }

  // MARK: - Parts

  private func read(_ memory: UnsafeMutableRawPointer, _ count: Int) -> [Double] {
    if settings.dtype == .float64 {
      return Array(UnsafeBufferPointer(start: memory.assumingMemoryBound(to: Double.self), count: count))
    }
    return UnsafeBufferPointer(start: memory.assumingMemoryBound(to: Float.self), count: count).map { Double($0) }
  }

  private func items(_ check: VerificationReport.Check) -> [VerificationReport.Item] {
    let summed = summedFeatures
    return worst.tensors.compactMap { name in
      guard let found = worst[name] else { return nil }
      let (error, largest) = (found.error, found.largest)
      switch check {
      case .embeddings:
        let isSummed = summed.contains { name == "embeddings of \($0)" || name == "embeddings of \($0) (first order)" }
        return .init(
          check: check, tensor: name, error: error,
          tolerance: isSummed ? VerificationTolerance.summedEmbeddings : VerificationTolerance.sameEmbeddings,
          largest: isSummed ? largest : nil, magnitude: largest)
      case .float64:
        return .init(
          check: check, tensor: name, error: error, tolerance: VerificationTolerance.float64, magnitude: largest)
      case .float32:
        return .init(
          check: check, tensor: name, error: error, tolerance: VerificationTolerance.float32, largest: largest,
          magnitude: largest)
      }
    }
  }

  /// Features whose bags are added up over ranks in another order than in one process.
  private var summedFeatures: [String] {
    let request = verification.flow.request
    let cut = Set(
      verification.flow.plan.placement.shards.filter { $0.rows != 0..<request.tables[$0.table].rows }.map(\.table))
    return request.features.enumerated().filter { index, feature in
      cut.contains(feature.table) && !verification.isSingle[verification.plan.batchFeatures[index]]
    }.map(\.element.name)
  }
}
