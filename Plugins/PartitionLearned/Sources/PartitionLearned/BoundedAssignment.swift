/// The cheapest assignment of points to clusters whose sizes lie in a range: a minimum-cost flow, solved exactly.
///
/// Points enter one by one along the shortest path of the residual network (successive shortest paths). A path is short:
/// the point goes to a cluster, a point of that cluster to another one, and so on to a cluster with room; so the network is
/// kept as one of clusters, where the arc a -> b costs what the cheapest point to move from a to b adds. First the lower
/// bounds are filled, which is a flow over arcs of very low cost to the sink, then the rest up to the upper bounds. Costs are
/// whole numbers, so that optimality does not hang on rounding, and equal costs go to the lower number.
package struct BoundedAssignment {
  /// Larger costs could overflow a path's sum.
  package static let maximumCost: Int64 = 1 << 44

  private let costs: UnsafeBufferPointer<Int64>
  private let clusters: Int
  private var members: [[Int]]
  /// [clusters, clusters] what the cheapest move from a to b adds, and the point that moves; `none` from an empty cluster.
  private var moveCosts: [Int64]
  private var movers: [Int]
  private var distances: [Int64]
  /// The cluster before on the path; -1: the entering point itself.
  private var previous: [Int]

  private static let none = Int64.max / 4

  private init(costs: UnsafeBufferPointer<Int64>, clusters: Int) {
    self.costs = costs
    self.clusters = clusters
    members = [[Int]](repeating: [], count: clusters)
    moveCosts = [Int64](repeating: Self.none, count: clusters * clusters)
    movers = [Int](repeating: -1, count: clusters * clusters)
    distances = [Int64](repeating: 0, count: clusters)
    previous = [Int](repeating: -1, count: clusters)
  }

  /// The cluster of each point.
  ///
  /// - Parameters:
  ///   - costs: [points, clusters], row-major, 0 ... ``maximumCost``.
  ///   - sizes: the bounds of every cluster; `clusters` such clusters can hold `points`.
  package static func solve(costs: [Int64], points: Int, clusters: Int, sizes: ClosedRange<Int>) -> [Int] {
    costs.withUnsafeBufferPointer { costs in
      var solver = BoundedAssignment(costs: costs, clusters: clusters)
      let filling = min(points, clusters * sizes.lowerBound)
      for point in 0..<points {
        solver.insert(point, limit: point < filling ? sizes.lowerBound : sizes.upperBound)
      }
      var owners = [Int](repeating: 0, count: points)
      for (cluster, points) in solver.members.enumerated() {
        for point in points { owners[point] = cluster }
      }
      return owners
    }
  }

  private mutating func insert(_ point: Int, limit: Int) {
    findPaths(from: point)
    var end = -1
    for cluster in 0..<clusters where members[cluster].count < limit {
      if end < 0 || distances[cluster] < distances[end] { end = cluster }
    }
    // The caller's bounds leave room for every point.
    guard end >= 0 else { return }
    var touched = [end]
    var cluster = end
    while previous[cluster] >= 0 {
      let source = previous[cluster]
      let mover = movers[source * clusters + cluster]
      if let position = members[source].firstIndex(of: mover) { members[source].remove(at: position) }
      members[cluster].append(mover)
      cluster = source
      touched.append(cluster)
    }
    members[cluster].append(point)
    for cluster in touched { updateMoves(from: cluster) }
  }

  /// Shortest paths by Bellman and Ford: moves may have negative costs, but no cycle has.
  private mutating func findPaths(from point: Int) {
    for cluster in 0..<clusters {
      distances[cluster] = costs[point * clusters + cluster]
      previous[cluster] = -1
    }
    var changed = true
    var passes = 0
    while changed, passes < clusters {
      changed = false
      passes += 1
      for source in 0..<clusters where !members[source].isEmpty {
        let reached = distances[source]
        let row = source * clusters
        for target in 0..<clusters where reached + moveCosts[row + target] < distances[target] {
          distances[target] = reached + moveCosts[row + target]
          previous[target] = source
          changed = true
        }
      }
    }
  }

  private mutating func updateMoves(from cluster: Int) {
    let row = cluster * clusters
    for target in 0..<clusters {
      moveCosts[row + target] = Self.none
      movers[row + target] = -1
    }
    for point in members[cluster] {
      let base = costs[point * clusters + cluster]
      for target in 0..<clusters where target != cluster {
        let cost = costs[point * clusters + target] - base
        let known = moveCosts[row + target]
        if cost < known || (cost == known && point < movers[row + target]) {
          moveCosts[row + target] = cost
          movers[row + target] = point
        }
      }
    }
  }
}
