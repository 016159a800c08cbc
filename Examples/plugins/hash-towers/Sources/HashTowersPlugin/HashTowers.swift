import DMTPluginKit

/// `hashed`: every feature ranks the towers by a hash of its name, and gets the first that has room.
///
/// Rendezvous hashing with bounded loads. A feature's tower depends on its name and the seed, not on its place in the manifest: lines
/// may be reordered without a change, and a new feature moves few of the others. Sizes keep the balance that is asked for, loads the
/// capacity. No data are looked at, so it is a baseline for learned partitions, as `strided` is.
struct HashTowers: TowerPartitioner {
  let name = "com.example.hash_towers"
  let strategies = [
    PartitionStrategy(
      "hashed", summary: "By a hash of the features' names, to a tower that has room.", needsAffinity: false)
  ]

  func partition(_ request: PartitionRequest) throws(DMTError) -> TowerPartition {
    // The widest range sends the fewest features elsewhere.
    guard let sizes = request.sizeRanges.max(by: { $0.count < $1.count }) else {
      throw DMTError(
        .invalidArgument, "no \(request.towers) towers keep a balance of \(request.balance)",
        remedy: "use a balance of 1")
    }
    let names = request.features.map(\.name)
    let byHash = names.indices.sorted {
      (hash(names[$0], 0, request.seed), names[$0]) < (hash(names[$1], 0, request.seed), names[$1])
    }
    var draft = deal(byHash, request, sizes)
    if draft == nil, let loads = request.loads {
      // The heaviest first leaves small ones for the gaps.
      draft = deal(byHash.sorted { loads.of[$0] > loads.of[$1] }, request, sizes)
    }
    guard let draft else {
      throw DMTError(
        .invalidArgument,
        "by their hashes, the features do not fit \(request.towers) towers of \(sizes) features and the capacity",
        remedy: "raise the capacity or the balance, or try another seed")
    }
    return TowerPartition(
      assignment: draft.assignment,
      figures: [.init("displaced", Double(draft.displaced) / Double(max(names.count, 1)))],
      explanation:
        "Every feature ranks the towers by a hash of its name and of the seed \(request.seed), and gets the first with "
        + "room; \(draft.displaced) of \(names.count) did not get their first.")
  }

  private struct Draft {
    var assignment: [Int]
    /// Features that are not in the tower of their first choice.
    var displaced = 0
  }

  /// Deals the features in this order; nil where one finds no tower.
  private func deal(_ order: [Int], _ request: PartitionRequest, _ sizes: ClosedRange<Int>) -> Draft? {
    let towers = request.towers
    var draft = Draft(assignment: [Int](repeating: 0, count: order.count))
    var counts = [Int](repeating: 0, count: towers)
    var carried = [Double](repeating: 0, count: towers)
    // Features that towers below the smallest size still lack.
    var lacking = sizes.lowerBound * towers
    for (place, feature) in order.enumerated() {
      let mayChoose = order.count - place > lacking
      let load = request.loads?.of[feature] ?? 0
      let limit = (request.loads?.limit ?? .infinity) * (1 + 1e-9)
      let ranked = ranking(request.features[feature].name, towers, request.seed)
      let found = ranked.first { tower in
        counts[tower] < (mayChoose ? sizes.upperBound : sizes.lowerBound) && carried[tower] + load <= limit
      }
      guard let tower = found else { return nil }
      if counts[tower] < sizes.lowerBound { lacking -= 1 }
      counts[tower] += 1
      carried[tower] += load
      draft.assignment[feature] = tower
      if tower != ranked[0] { draft.displaced += 1 }
    }
    return draft
  }

  /// All towers, the best for this name first.
  private func ranking(_ name: String, _ towers: Int, _ seed: UInt64) -> [Int] {
    let hashes = (0..<towers).map { hash(name, UInt64($0) + 1, seed) }
    return (0..<towers).sorted { (hashes[$0], $0) < (hashes[$1], $1) }
  }

  private func hash(_ name: String, _ number: UInt64, _ seed: UInt64) -> UInt64 {
    var hash = StableHash()
    hash.add(seed)
    hash.add(number)
    hash.add(name)
    return hash.value
  }
}
