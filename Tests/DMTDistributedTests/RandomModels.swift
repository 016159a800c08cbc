import DMTCore
import DMTDataflow
import DMTDistributed
import DMTManifest
import DMTRuntime

/// A small model, its features and its batches, drawn at random.
struct RandomModel {
  var plan: ModelPlan
  var isSingle: [Bool]
  var features: [ModelFeature]
  private let denseCount: Int

  /// - Parameters:
  ///   - dim: width of every embedding; 0: each feature its own.
  ///   - isSingle: every bag holds one row number, or none has to; nil: each feature as it comes.
  ///   - rows: what tables may have.
  init(
    features count: Int, towers towerCount: Int, dim: Int = 4, dropout: Double = 0, sharesTables: Bool = false,
    firstOrder: Bool = false, isSingle wanted: Bool? = nil, rows: ClosedRange<Int> = 1...30,
    random: inout SeededGenerator
  ) throws {
    var features: [ModelFeature] = []
    var isSingle: [Bool] = []
    for index in 0..<count {
      let single = wanted ?? Bool.random(using: &random)
      isSingle.append(single)
      var feature = ModelFeature(
        name: "f\(index)", table: "f\(index)", rows: .random(in: rows, using: &random),
        dim: dim > 0 ? dim : .random(in: 1...7, using: &random),
        pooling: !single && Bool.random(using: &random) ? .mean : .sum)
      if sharesTables, index > 0, Int.random(in: 0..<4, using: &random) == 0 {
        let other = features[index - 1]
        feature.table = other.table
        feature.rows = other.rows
        feature.dim = other.dim
      }
      features.append(feature)
    }
    denseCount = 2
    var towers: [TowerSpec] = []
    for tower in 0..<towerCount {
      // Dealt in turn, which makes uneven towers, and features that share a table stay in one.
      let members = features.filter { feature in
        guard let first = features.firstIndex(where: { $0.table == feature.table }) else { return false }
        return first % towerCount == tower
      }
      guard !members.isEmpty else { continue }
      towers.append(
        TowerSpec(
          name: "t\(tower)", features: members.map(\.name),
          module: ModuleSpec(
            module: "mlp",
            attributes: [
              "widths": .ints([5, Int.random(in: 1...6, using: &random)]), "dropout": .double(dropout),
              "activation": .string("tanh"),
            ])))
    }
    var overArch: Attributes = [
      "layers": .int(1), "widths": .ints([6]), "form": .string("parallel"), "dropout": .double(dropout),
    ]
    if firstOrder { overArch = ["widths": .ints([6]), "first_order": .bool(true), "dim": .int(dim)] }
    // A mean over features whose modules give [B, F, out] has to be flat for the over-arch.
    let manifest = Manifest(
      name: "random", path: "random.yaml", data: DataSection(format: .csv),
      model: ModelSection(
        dim: max(dim, 1), tableInitializer: .normal(mean: 0, deviation: 0.3), towers: towers,
        overArch: ModuleSpec(module: firstOrder ? "deepfm" : "dcn", attributes: overArch)))
    plan = try ModelPlan(manifest: manifest, features: features, denseCount: denseCount, components: .builtin)
    self.features = features
    self.isSingle = isSingle
  }

  /// A global batch; bags hold 0 to 3 row numbers where a feature has any number of them.
  func batch(_ count: Int, first: Int, random: inout SeededGenerator) -> Batch {
    let batch = Batch(featureCount: features.count, denseCount: denseCount)
    batch.resize(count: count)
    for sample in 0..<count {
      batch.sampleNumbers[sample] = Int64(first + sample) * 3
      batch.labels[sample] = Bool.random(using: &random) ? 1 : 0
      for column in 0..<denseCount {
        batch.dense[sample * denseCount + column] = .random(in: -1...1, using: &random)
      }
    }
    for (index, feature) in features.enumerated() {
      let lengths = (0..<count).map { _ in isSingle[index] ? 1 : Int.random(in: 0...3, using: &random) }
      let values = batch.values(
        feature: index, valueCount: lengths.reduce(0, +), single: isSingle[index])
      let offsets = batch.offsets(feature: index)
      var end = 0
      for sample in 0..<count {
        if !isSingle[index] { offsets[sample] = Int64(end) }
        for _ in 0..<lengths[sample] {
          values[end] = Int64.random(in: 0..<Int64(feature.rows), using: &random)
          end += 1
        }
      }
      if !isSingle[index] { offsets[count] = Int64(end) }
    }
    return batch
  }
}
