import DMTCore
import DMTDataflow
import DMTDistributed
import DMTManifest
import DMTRuntime
import Testing

/// What ranks that keep parts of the over-arch allocate, send and save.
@Suite struct DenseMemoryTests {
  /// An over-arch of layers with about 33 000 parameters each, five of them.
  static func verification(_ topology: String, _ dense: DenseSharding) throws -> Verification {
    var random = SeededGenerator(seed: 21)
    let features = (0..<4).map { ModelFeature(name: "f\($0)", table: "f\($0)", rows: 10, dim: 8, pooling: .sum) }
    let manifest = Manifest(
      name: "wide", path: "wide.yaml", data: DataSection(format: .csv),
      model: ModelSection(
        dim: 8, tableInitializer: .normal(mean: 0, deviation: 0.3),
        overArch: ModuleSpec(
          module: "dlrm",
          attributes: ["bottom": .ints([16, 8]), "top": .ints([180, 180, 180, 180, 180])])))
    let plan = try ModelPlan(manifest: manifest, features: features, denseCount: 2, components: .builtin)
    let topology = try Topology(parsing: topology)
    let request = try Distribution(topology).request(for: plan, batch: 8)
    let batch = Batch(featureCount: 4, denseCount: 2)
    batch.resize(count: 8)
    for sample in 0..<8 {
      batch.sampleNumbers[sample] = Int64(sample)
      batch.labels[sample] = Bool.random(using: &random) ? 1 : 0
      for column in 0..<2 { batch.dense[sample * 2 + column] = .random(in: -1...1, using: &random) }
    }
    for feature in 0..<4 {
      let values = batch.values(feature: feature, valueCount: 8, single: true)
      for sample in 0..<8 { values[sample] = .random(in: 0..<10, using: &random) }
    }
    return Verification(
      plan: plan, flow: try CheckedFlow(request: request, plan: FlatSharding.tableWise.plan(request)),
      strategy: "table_wise", isSingle: [true, true, true, true], settings: settings(.float32), components: .builtin,
      interconnect: ThreadsInterconnect(), batches: [batch],
      counts: [RankModel.counts(ofGlobalBatch: 8, ranks: topology.rankCount)], dense: dense)
  }

  static func settings(_ dtype: DType) -> Model.Settings {
    Model.Settings(
      dtype: dtype, seed: 3, policy: BackendPolicy(order: ["reference"]),
      optimizer: OptimizerSpec(name: "adam", learningRate: 0.01),
      tableOptimizer: OptimizerSpec(name: "sgd", learningRate: 0.1))
  }

  /// The largest of the ranks' bytes, after two steps.
  static func bytes(_ topology: String, _ dense: DenseSharding) throws -> DenseBytes {
    let verification = try verification(topology, dense)
    let world = try RankWorld(verification, settings: settings(.float32))
    for step in 1...2 { try world.trainStep(verification.batches[0], step: step) }
    let all = world.models.map(\.denseBytes)
    return try #require(all.max { $0.peak < $1.peak })
  }

  @Test func `a forecast is what the ranks then allocate`() throws {
    var random = SeededGenerator(seed: 41)
    let model = try RandomModel(features: 5, towers: 3, random: &random)
    let shardings = [DenseSharding.replicated] + DenseSharding.Mode.allCases.map { .fullySharded($0, unitBytes: 300) }
    for dense in shardings {
      for runsTowers in [true, false] {
        let verification = try VerificationTests.verification(
          model, "2x2", SPTTSharding(), runsTowers: runsTowers, dense: dense, random: &random)
        let forecast = try DenseForecast(
          plan: model.plan, flow: verification.flow, dense: dense, optimizer: verification.settings.optimizer,
          dtype: .float32)
        let world = try RankWorld(verification, settings: verification.settings)
        #expect(world.models.map(\.denseBytes.total) == forecast.bytes, "\(dense)")
      }
    }
  }

  @Test func `the peak falls with the ranks as the parts do`() throws {
    let unit = 200_000
    let replicated = try Self.bytes("1x4", .replicated)
    #expect(replicated.buffers == 0)
    // Adam: values, gradients and two states.
    let total = replicated.peak
    #expect(replicated.gradients == replicated.parameters)
    var last = total
    for ranks in [2, 4, 8] {
      let full = try Self.bytes("1x\(ranks)", .fullySharded(.full, unitBytes: unit))
      // Two slots for values and two for gradients, each of the largest unit; chunks are rounded up to cache lines.
      let bound = total / ranks + 4 * unit + 32 * 64 * 4
      #expect(full.peak <= bound, "\(ranks) ranks: \(full)")
      #expect(full.peak < last)
      #expect(full.peak == full.total)
      last = full.peak
      let gradOp = try Self.bytes("1x\(ranks)", .fullySharded(.gradOp, unitBytes: unit))
      #expect(gradOp.peak > full.peak)
      #expect(gradOp.peak < total)
    }
    // Parts over the two ranks of each host.
    let hybrid = try Self.bytes("2x2", .fullySharded(.hybrid, unitBytes: unit))
    let pair = try Self.bytes("1x2", .fullySharded(.full, unitBytes: unit))
    let four = try Self.bytes("2x2", .fullySharded(.full, unitBytes: unit))
    #expect(hybrid.peak == pair.peak)
    #expect(hybrid.peak > four.peak)
    #expect(hybrid.peak < total)
  }

  /// The collectives that rank 0 of two starts and waits for in the first step; the over-arch has eight units.
  static func events(_ mode: DenseSharding.Mode) throws -> [RecordingInterconnect.Event] {
    let interconnect = RecordingInterconnect()
    let verification = try verification("1x2", .fullySharded(mode, unitBytes: 1))
    let world = try RankWorld(verification, settings: settings(.float32), interconnect: interconnect)
    try world.trainStep(verification.batches[0], step: 1)
    return interconnect.record.all
  }

  @Test func `a gather begins before the unit in front of it is computed and two are under way at most`() throws {
    let events = try Self.events(.full)
    func index(_ event: RecordingInterconnect.Event) throws -> Int { try #require(events.firstIndex(of: event)) }
    let gathers = events.filter { if case .started(.allGather, _) = $0 { true } else { false } }
    // Eight before forward; the last two are still there when backward begins.
    #expect(gathers.count == 8 + 6)
    for number in gathers.indices {
      // Gather 8 is the first of backward.
      if ![0, 8].contains(number) {
        #expect(try index(.started(.allGather, number)) < index(.waited(.allGather, number - 1)))
      }
      if number > 1 {
        #expect(try index(.started(.allGather, number)) > index(.waited(.allGather, number - 2)))
      }
    }
    for number in 0..<7 {
      // The sum of a unit's gradients travels while the unit behind it computes.
      #expect(try index(.waited(.reduceScatter, number)) > index(.started(.reduceScatter, number + 1)))
    }
    for number in 0..<6 {
      #expect(try index(.waited(.reduceScatter, number)) < index(.started(.reduceScatter, number + 2)))
    }
  }

  @Test func `units that are kept are gathered once`() throws {
    let gathers = try Self.events(.gradOp).filter { if case .started(.allGather, _) = $0 { true } else { false } }
    #expect(gathers.count == 8)
  }

  @Test func `a checkpoint goes from mode to mode and from topology to topology`() throws {
    var random = SeededGenerator(seed: 31)
    let model = try RandomModel(features: 5, towers: 2, dropout: 0.2, random: &random)
    let stages: [(String, DenseSharding)] = [
      ("2x2", .replicated), ("3x2", .fullySharded(.full, unitBytes: 1)),
      ("2x2", .fullySharded(.hybrid, unitBytes: 500)), ("1x5", .fullySharded(.gradOp)), ("1x1", .replicated),
    ]
    let verifications = try stages.map { topology, dense in
      var random = SeededGenerator(seed: 32)
      return try VerificationTests.verification(
        model, topology, SPTTSharding(), clipNorm: 0.5, batches: [13, 8, 5, 11, 9], dense: dense, random: &random)
    }
    var settings = verifications[0].settings
    settings.dtype = .float64
    let flat = try Model(plan: model.plan, settings: settings, components: .builtin)
    var saved: [String: [Double]]?
    for (index, verification) in verifications.enumerated() {
      let world = try RankWorld(verification, settings: settings)
      if let saved { world.restore(saved) }
      try world.trainStep(verification.batches[index], step: index + 1)
      saved = try world.collect()
      _ = try flat.trainStep(verification.batches[index], step: index + 1)
      let found = try #require(saved)
      #expect(found.count == flat.tensors.count)
      for tensor in flat.tensors {
        let expected = UnsafeBufferPointer(
          start: tensor.memory.assumingMemoryBound(to: Double.self), count: tensor.count)
        let values = try #require(found[tensor.name])
        let isSame = zip(values, expected).allSatisfy { abs($0 - $1) < 1e-9 }
        #expect(values.count == tensor.count && isSame, "\(verification.dense): \(tensor.name)")
      }
    }
  }
}
