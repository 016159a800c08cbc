internal import DMTCore
internal import DMTPluginHost

/// What a partitioner is asked: its strategies with some numbers of features and towers.
struct PartitionTrials {
  let all: [PartitionTrial]

  init(_ context: TestContext, _ plugin: SubjectPlugin) throws {
    let component = try context.tested()
    guard let partitioner = plugin.loaded.partitioners.first(where: { $0.name == component.id }) else {
      throw context.skip("this host does not know revision \(component.revision) of partitioners")
    }
    var all: [PartitionTrial] = []
    for strategy in partitioner.strategies {
      for (features, towers, balance) in [
        (7, 3, 1.0), (1, 1, 1.0), (2, 2, 1.0), (12, 4, 1.0), (26, 8, 2.0), (33, 5, 1.5), (16, 1, 1.0), (9, 9, 1.0),
      ] {
        for capacity in [false, true] {
          all.append(
            PartitionTrial(
              partitioner: partitioner,
              request: Self.request(strategy, features, towers, balance, hasCapacity: capacity, seed: context.seed)))
        }
      }
    }
    self.all = all
  }

  private static func request(
    _ strategy: PartitionStrategy, _ count: Int, _ towers: Int, _ balance: Double, hasCapacity: Bool, seed: UInt64
  ) -> PartitionRequest {
    var random = SeededGenerator(seed: seed, "partition \(count) \(towers)")
    let features = (0..<count).map { index in
      let dim = [4, 8, 16].randomElement(using: &random) ?? 8
      let rows = Int.random(in: 1...100_000, using: &random)
      return PartitionRequest.Feature(
        name: "f\(index)", rows: rows, dim: dim, lookupCost: Double.random(in: 1...40, using: &random),
        bytes: rows * dim * 4)
    }
    var affinity = [Double](repeating: 1, count: count * count)
    for i in 0..<count {
      for j in 0..<i {
        let value = Double.random(in: 0...1, using: &random)
        affinity[i * count + j] = value
        affinity[j * count + i] = value
      }
    }
    // So much room that every balance holds.
    let total = features.reduce(0) { $0 + $1.lookupCost }
    return PartitionRequest(
      features: features, affinity: affinity, towers: towers, balance: balance,
      capacity: hasCapacity ? .lookups(total) : nil, strategy: strategy.name, seed: seed)
  }
}

/// A question to a partitioner.
struct PartitionTrial {
  let partitioner: PluginPartitioner
  let request: PartitionRequest

  var name: String {
    "\(request.strategy), \(request.features.count) features into \(request.towers) towers, balance \(request.balance)"
      + (request.capacity == nil ? "" : ", a capacity")
  }

  /// The answer, checked: every feature in one tower, no tower empty, balance and capacity kept.
  func run(_ context: TestContext) throws -> TowerPartition {
    context.phase("dealing \(name)")
    return try partitioner.checkedPartition(request)
  }
}
