import DMTCore
import DMTManifest
import DMTRuntime
import Foundation
import Testing

/// Small models on the reference kernels.
@Suite("Model")
struct ModelTests {
  static let features = [
    ModelFeature(name: "user", table: "user", rows: 12, dim: 4, pooling: .sum),
    ModelFeature(name: "item", table: "item", rows: 9, dim: 4, pooling: .sum),
    ModelFeature(name: "tags", table: "tags", rows: 6, dim: 4, pooling: .mean),
  ]

  static func manifest(
    overArch: ModuleSpec = ModuleSpec(
      module: "dcn", attributes: ["layers": .int(2), "widths": .ints([8]), "form": .string("parallel")]),
    towers: [TowerSpec] = []
  ) -> Manifest {
    Manifest(
      name: "test", path: "test.yaml", data: DataSection(format: .csv),
      model: ModelSection(
        dim: 4, tableInitializer: .normal(mean: 0, deviation: 0.3), towers: towers, overArch: overArch))
  }

  static func model(
    _ manifest: Manifest = manifest(), dense: Int = 2, dtype: DType = .float64, clipNorm: Double? = nil,
    optimizer: OptimizerSpec = OptimizerSpec(name: "sgd", learningRate: 0.1),
    tableOptimizer: OptimizerSpec = OptimizerSpec(name: "sgd", learningRate: 0.1)
  ) throws -> Model {
    let plan = try ModelPlan(manifest: manifest, features: features, denseCount: dense, components: .builtin)
    return try Model(
      plan: plan,
      settings: .init(
        dtype: dtype, seed: 7, policy: BackendPolicy(order: ["reference"]), optimizer: optimizer,
        tableOptimizer: tableOptimizer, clipNorm: clipNorm), components: .builtin)
  }

  /// `count` samples whose label is a function of their features; the third feature has bags of 0 to 2 rows.
  static func batch(_ count: Int, dense: Int = 2, first: Int = 0) -> Batch {
    let batch = Batch(featureCount: 3, denseCount: dense)
    batch.resize(count: count)
    let users = batch.values(feature: 0, valueCount: count, single: true)
    let items = batch.values(feature: 1, valueCount: count, single: true)
    let lengths = (0..<count).map { ($0 + first) % 3 }
    let tags = batch.values(feature: 2, valueCount: lengths.reduce(0, +), single: false)
    let offsets = batch.offsets(feature: 2)
    var end = 0
    for sample in 0..<count {
      let number = sample + first
      users[sample] = Int64(number * 5 % 12)
      items[sample] = Int64(number * 7 % 9)
      offsets[sample] = Int64(end)
      for position in 0..<lengths[sample] { tags[end + position] = Int64((number + position) % 6) }
      end += lengths[sample]
      batch.labels[sample] = (users[sample] + items[sample]) % 2 == 0 ? 1 : 0
      for column in 0..<dense { batch.dense[sample * dense + column] = Float((number + column) % 5) / 5 }
      batch.sampleNumbers[sample] = Int64(number)
    }
    offsets[count] = Int64(end)
    return batch
  }

  @Test("training lowers the loss", arguments: ["sgd", "adagrad", "adam", "adamw"])
  func trains(optimizer: String) throws {
    let rate = optimizer.hasPrefix("adam") ? 0.01 : optimizer == "sgd" ? 0.5 : 0.1
    let model = try Self.model(
      optimizer: OptimizerSpec(name: optimizer, learningRate: rate),
      tableOptimizer: OptimizerSpec(name: optimizer == "adamw" ? "lazy_adam" : optimizer, learningRate: rate))
    let batch = Self.batch(24)
    let first = try model.trainStep(batch, step: 1)
    var last = first
    for step in 2...150 { last = try model.trainStep(batch, step: step) }
    #expect(last < 0.7 * first, "\(first) -> \(last)")
  }

  @Test("the loss that a step returns is the loss of the predictions before it")
  func lossIsConsistent() throws {
    let model = try Self.model()
    let batch = Self.batch(10)
    var logits = [Float](repeating: 0, count: 10)
    try logits.withUnsafeMutableBufferPointer { try model.predict(batch, into: #require($0.baseAddress)) }
    let expected =
      (0..<10).reduce(0.0) { sum, sample in
        let (z, y) = (Double(logits[sample]), Double(batch.labels[sample]))
        return sum + max(z, 0) - z * y + log1p(exp(-abs(z)))
      } / 10
    let loss = try model.trainStep(batch, step: 1)
    #expect(abs(loss - expected) < 1e-6)
  }

  @Test("a batch in two halves, seeded with their share, gives the gradients of the whole")
  func sharesOfABatch() throws {
    let model = try Self.model()
    let whole = Self.batch(10)
    _ = try model.forwardBackward(whole, step: 1)
    let name = "over_arch.cross.0.weight"
    let expected = try gradient(model, name)
    var sum = [Double](repeating: 0, count: expected.count)
    for (first, count) in [(0, 4), (4, 6)] {
      let part = Self.batch(count, first: first)
      part.resize(count: count, globalCount: 10)
      _ = try model.forwardBackward(part, step: 1)
      for (index, value) in try gradient(model, name).enumerated() { sum[index] += value }
    }
    for (a, b) in zip(sum, expected) { #expect(abs(a - b) < 1e-12) }
  }

  @Test("batches of other sizes in between change no result")
  func batchSizes() throws {
    let steady = try Self.model()
    let mixed = try Self.model()
    var logits = [Float](repeating: 0, count: 31)
    for step in 1...4 {
      let batch = Self.batch(8, first: step)
      let expected = try steady.trainStep(batch, step: step)
      try logits.withUnsafeMutableBufferPointer {
        try mixed.predict(Self.batch(31), into: #require($0.baseAddress))
      }
      #expect(try mixed.trainStep(batch, step: step) == expected)
    }
    for (a, b) in zip(steady.tensors, mixed.tensors) { #expect(bytes(a) == bytes(b), "\(a.name)") }
  }

  @Test("an empty batch has loss 0 and changes nothing")
  func emptyBatch() throws {
    let model = try Self.model()
    let before = model.tensors.map(bytes)
    let batch = Self.batch(3)
    batch.resize(count: 0)
    #expect(try model.trainStep(batch, step: 1) == 0)
    #expect(model.tensors.map(bytes) == before)
  }

  @Test("a loss that is not a number stops before any weight changes and names the step")
  func notANumber() throws {
    let model = try Self.model()
    let batch = Self.batch(6)
    batch.dense[3] = .nan
    let before = model.tensors.map(bytes)
    let error = try #require(throws: DMTError.self) { try model.trainStep(batch, step: 17) }
    #expect(error.code == .notFinite)
    #expect(error.place.step == 17)
    #expect(model.tensors.map(bytes) == before)
  }

  @Test("a row number outside its table names the feature, the table and its rows")
  func rowOutOfRange() throws {
    let model = try Self.model()
    let batch = Self.batch(6)
    batch.values(feature: 1, valueCount: 6, single: true)[4] = 9
    let error = try #require(throws: DMTError.self) { try model.trainStep(batch, step: 1) }
    #expect(
      error.message.contains("'item'") && error.message.contains("row number 9") && error.message.contains("0 to 8"))
  }

  @Test("clipping scales the step of dense parameters and tables to the norm")
  func clipping() throws {
    let limit = 0.01
    let model = try Self.model(clipNorm: limit)
    let free = try Self.model()
    let before = Dictionary(uniqueKeysWithValues: model.tensors.map { ($0.name, doubles($0)) })
    let batch = Self.batch(12)
    _ = try model.trainStep(batch, step: 1)
    _ = try free.trainStep(batch, step: 1)
    func stepNorm(_ model: Model) -> Double {
      var sum = 0.0
      for tensor in model.tensors {
        for (a, b) in zip(doubles(tensor), before[tensor.name] ?? []) { sum += (a - b) * (a - b) }
      }
      return sum.squareRoot()
    }
    #expect(stepNorm(free) > 0.1 * limit * 1.5)
    #expect(abs(stepNorm(model) - 0.1 * limit) < 1e-6)
  }

  @Test("adam on whole tables moves rows that the batch did not touch, lazy_adam does not")
  func wholeTables() throws {
    for (name, moves) in [("adam", true), ("lazy_adam", false)] {
      let model = try Self.model(
        tableOptimizer: OptimizerSpec(name: name, learningRate: 0.1, attributes: ["weight_decay": .double(0.1)]))
      let table = try #require(model.tensors.first { $0.name == "tables.user.weight" })
      let before = doubles(table)
      _ = try model.trainStep(Self.batch(2), step: 1)
      // Samples 0 and 1 touch users 0 and 5.
      let untouched = (4..<8).map { doubles(table)[$0] != before[$0] }
      #expect(untouched.allSatisfy { $0 == moves }, "\(name)")
    }
  }

  @Test("first-order weights are tables of width 1 that start at zero")
  func firstOrder() throws {
    let manifest = Self.manifest(
      overArch: ModuleSpec(module: "deepfm", attributes: ["widths": .ints([6]), "first_order": .bool(true)]))
    let model = try Self.model(manifest)
    let table = try #require(model.tensors.first { $0.name == "tables.user.first_order.weight" })
    #expect(table.shape == [12, 1])
    #expect(doubles(table).allSatisfy { $0 == 0 })
    _ = try model.trainStep(Self.batch(8), step: 1)
    #expect(doubles(table).contains { $0 != 0 })
  }

  @Test("float32 follows float64")
  func precision() throws {
    let single = try Self.model(dtype: .float32)
    let double = try Self.model(dtype: .float64)
    for step in 1...20 {
      let batch = Self.batch(16, first: step)
      let a = try single.trainStep(batch, step: step)
      let b = try double.trainStep(batch, step: step)
      #expect(abs(a - b) < 1e-4, "step \(step)")
    }
  }

  private func gradient(_ model: Model, _ name: String) throws -> [Double] {
    let gradient = try #require(model.gradient(ofParameter: name))
    return (0..<gradient.count).map { gradient.memory.load(fromByteOffset: $0 * 8, as: Double.self) }
  }

  private func doubles(_ tensor: ModelTensor) -> [Double] {
    (0..<tensor.count).map { tensor.memory.load(fromByteOffset: $0 * 8, as: Double.self) }
  }

  private func bytes(_ tensor: ModelTensor) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: tensor.memory, count: tensor.byteCount))
  }
}
