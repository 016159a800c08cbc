import DMTPluginKit

/// `coherent` and `diverse`: deals features into towers by the affinity I of their embeddings.
///
/// 1. Distances: D = 1 - I (coherent: like features share a tower) or D = I (diverse: unlike ones do).
/// 2. Points of the plane with these distances: the least stress of several attempts (``StressMinimiser``).
/// 3. Towers: the least objective of several starts of a k-means with exact bounds on sizes (``ConstrainedKMeans``), and,
///    where a capacity is given, ``CapacityRepair``.
///
/// Towers are numbered by their first feature. Source: DMT, arXiv 2403.00877, section 3.3.
public struct LearnedPartitioner: TowerPartitioner {
  public let name = "learned"
  public let strategies = [
    PartitionStrategy("coherent", summary: "Features with like embeddings share a tower.", needsAffinity: true),
    PartitionStrategy("diverse", summary: "Features with unlike embeddings share a tower.", needsAffinity: true),
  ]

  /// Attempts at the plane, and starts of k-means.
  static let attempts = 8
  static let starts = 16

  public init() {}

  public func partition(_ request: PartitionRequest) throws(DMTError) -> TowerPartition {
    let count = request.features.count
    guard let affinity = request.affinity else {
      throw DMTError(.invalidArgument, "strategy '\(request.strategy)' needs the affinity of the features")
    }
    let isCoherent = request.strategy == "coherent"
    let distances = affinity.map { min(1, max(0, isCoherent ? 1 - $0 : $0)) }
    let plane = try plane(distances, count: count, seed: request.seed)
    let clustering = try cluster(plane, request)
    let assignment = numberedByFirst(clustering.assignment, towers: request.towers)
    let pairs = Double(count * (count - 1) / 2)
    return TowerPartition(
      assignment: assignment, coordinates: zip(plane.x, plane.y).map { .init(x: $0, y: $1) },
      figures: [
        .init("stress", plane.stress),
        .init("stress_per_pair", pairs > 0 ? plane.stress / pairs : 0),
        .init("objective", clustering.objective),
        .init("affinity_inside", meanAffinity(affinity, assignment, inside: true)),
        .init("affinity_across", meanAffinity(affinity, assignment, inside: false)),
      ],
      explanation: "Distances are \(isCoherent ? "1 - affinity" : "the affinity"); the plane is the best of "
        + "\(Self.attempts) attempts of \(StressMinimiser.steps) Adam steps, the towers the best of \(Self.starts) starts of "
        + "a k-means with exact bounds on sizes"
        + (request.capacity == nil ? "." : ", repaired until no tower carried more than its capacity."))
  }

  private func plane(_ distances: [Double], count: Int, seed: UInt64) throws(DMTError) -> PlaneEmbedding {
    let minimiser = StressMinimiser(distances: distances, count: count)
    let results = Restarts.run(Self.attempts) { minimiser.run(seed: seed, stream: UInt32($0)) }
    try checkCancelled(results.count, Self.attempts)
    guard let best = results.min(by: { $0.stress < $1.stress }), best.stress.isFinite else {
      throw DMTError(.internalError, "no attempt placed the features in the plane")
    }
    return best
  }

  private func cluster(
    _ plane: PlaneEmbedding, _ request: PartitionRequest
  ) throws(DMTError) -> ConstrainedKMeans.Clustering {
    let kMeans = ConstrainedKMeans(
      x: plane.x, y: plane.y, clusters: request.towers, sizeRanges: request.sizeRanges)
    let repair = request.loads.map { CapacityRepair(loads: $0.of, limit: $0.limit) }
    let results = Restarts.run(Self.starts) { start -> ConstrainedKMeans.Clustering? in
      var result = kMeans.run(seed: request.seed, stream: 1000 + UInt32(start))
      guard let repair else { return result }
      guard let repaired = repair.repaired(result.assignment, of: kMeans) else { return nil }
      result.assignment = repaired
      result.objective = kMeans.objective(of: repaired)
      return result
    }
    try checkCancelled(results.count, Self.starts)
    guard let best = results.compactMap(\.self).min(by: { $0.objective < $1.objective }) else {
      throw DMTError(
        .invalidArgument,
        "no partition was found in which no tower carries more than \(request.loads?.limit ?? 0) and sizes keep a "
          + "balance of \(request.balance)", remedy: "raise the capacity or the balance")
    }
    return best
  }

  private func checkCancelled(_ done: Int, _ wanted: Int) throws(DMTError) {
    if done < wanted { throw DMTError(.cancelled, "the partition was interrupted") }
  }

  private func numberedByFirst(_ assignment: [Int], towers: Int) -> [Int] {
    var numbers = [Int?](repeating: nil, count: towers)
    var next = 0
    return assignment.map { tower in
      if let number = numbers[tower] { return number }
      numbers[tower] = next
      defer { next += 1 }
      return next
    }
  }

  /// The mean affinity of the pairs that share a tower, or of those that do not; 0 without such a pair.
  private func meanAffinity(_ affinity: [Double], _ assignment: [Int], inside: Bool) -> Double {
    var sum = 0.0
    var pairs = 0
    for i in assignment.indices {
      for j in 0..<i where (assignment[i] == assignment[j]) == inside {
        sum += affinity[i * assignment.count + j]
        pairs += 1
      }
    }
    return pairs > 0 ? sum / Double(pairs) : 0
  }
}
