/// Moves and swaps points until no cluster carries more than it may.
///
/// With loads of different sizes the cheapest assignment is a generalised assignment problem, which is NP-hard; so a
/// capacity is met by a descent from the assignment that is optimal without it: of all moves of one point and swaps of two
/// that lower the total overload, the one that adds least to the objective for the overload it takes away.
struct CapacityRepair: Sendable {
  let loads: [Double]
  let limit: Double

  private struct Change {
    var point: Int
    var partner: Int?
    var target: Int
    var gain: Double
    var cost: Double
  }

  /// The repaired assignment; nil when the descent ends with a cluster that still carries too much.
  func repaired(_ assignment: [Int], of kMeans: ConstrainedKMeans) -> [Int]? {
    var assignment = assignment
    var carried = [Double](repeating: 0, count: kMeans.clusters)
    var sizes = [Int](repeating: 0, count: kMeans.clusters)
    for (point, cluster) in assignment.enumerated() {
      carried[cluster] += loads[point]
      sizes[cluster] += 1
    }
    while carried.contains(where: { overload($0) > 0 }) {
      let means = kMeans.means(of: assignment)
      guard let change = best(assignment, carried, sizes, means, kMeans) else { return nil }
      let source = assignment[change.point]
      apply(change.point, to: change.target, &assignment, &carried, &sizes)
      if let partner = change.partner { apply(partner, to: source, &assignment, &carried, &sizes) }
    }
    return assignment
  }

  private func overload(_ load: Double) -> Double { max(0, load - limit * (1 + 1e-12)) }

  private func apply(
    _ point: Int, to target: Int, _ assignment: inout [Int], _ carried: inout [Double], _ sizes: inout [Int]
  ) {
    let source = assignment[point]
    carried[source] -= loads[point]
    carried[target] += loads[point]
    sizes[source] -= 1
    sizes[target] += 1
    assignment[point] = target
  }

  private func best(
    _ assignment: [Int], _ carried: [Double], _ sizes: [Int], _ means: [(x: Double, y: Double)],
    _ kMeans: ConstrainedKMeans
  ) -> Change? {
    func cost(_ point: Int, _ cluster: Int) -> Double {
      let (dx, dy) = (kMeans.x[point] - means[cluster].x, kMeans.y[point] - means[cluster].y)
      return dx * dx + dy * dy
    }
    var best: Change?
    func consider(_ change: Change) {
      guard change.gain > limit * 1e-12 else { return }
      if best.map({ change.cost / change.gain < $0.cost / $0.gain }) ?? true { best = change }
    }
    for point in assignment.indices where overload(carried[assignment[point]]) > 0 {
      let source = assignment[point]
      let before = overload(carried[source])
      for target in 0..<kMeans.clusters where target != source && allows(sizes, source, target, kMeans.sizeRanges) {
        let after = overload(carried[source] - loads[point]) + overload(carried[target] + loads[point])
        consider(
          Change(
            point: point, partner: nil, target: target, gain: before + overload(carried[target]) - after,
            cost: cost(point, target) - cost(point, source)))
      }
      for partner in assignment.indices where assignment[partner] != source && loads[partner] < loads[point] {
        let target = assignment[partner]
        let difference = loads[point] - loads[partner]
        let after = overload(carried[source] - difference) + overload(carried[target] + difference)
        consider(
          Change(
            point: point, partner: partner, target: target, gain: before + overload(carried[target]) - after,
            cost: cost(point, target) - cost(point, source) + cost(partner, source) - cost(partner, target)))
      }
    }
    return best
  }

  /// Whether the sizes are still allowed when a point moves.
  private func allows(_ sizes: [Int], _ source: Int, _ target: Int, _ ranges: [ClosedRange<Int>]) -> Bool {
    ranges.contains { range in
      sizes.indices.allSatisfy { cluster in
        range.contains(sizes[cluster] + (cluster == target ? 1 : 0) - (cluster == source ? 1 : 0))
      }
    }
  }
}
