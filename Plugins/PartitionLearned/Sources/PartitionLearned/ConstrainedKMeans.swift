/// k-means whose clusters keep bounds on their sizes (Bradley, Bennett, Demiriz 2000).
///
/// Each round assigns points to means at the least sum of squared distances that the bounds allow, exactly
/// (``BoundedAssignment``), and moves the means; it ends when no point changes its cluster. Starts follow k-means++.
package struct ConstrainedKMeans: Sendable {
  /// A result of one start.
  package struct Clustering: Sendable {
    package var assignment: [Int]
    /// The sum of squared distances to the clusters' means.
    package var objective: Double
  }

  static let maximumRounds = 100

  package let x: [Double]
  package let y: [Double]
  package let clusters: Int
  /// The sizes of all clusters lie in one of these ranges.
  package let sizeRanges: [ClosedRange<Int>]

  package init(x: [Double], y: [Double], clusters: Int, sizeRanges: [ClosedRange<Int>]) {
    self.x = x
    self.y = y
    self.clusters = clusters
    self.sizeRanges = sizeRanges
  }

  /// The result of the start that `stream` of `seed` gives.
  package func run(seed: UInt64, stream: UInt32) -> Clustering {
    var random = RandomStream(seed: seed, stream: stream)
    var means = seeds(&random)
    var best = assignment(to: means)
    means = self.means(of: best)
    for _ in 1..<Self.maximumRounds {
      let next = assignment(to: means)
      if next == best { break }
      best = next
      means = self.means(of: best)
    }
    return Clustering(assignment: best, objective: objective(of: best))
  }

  /// The cheapest assignment to given means over all allowed ranges of sizes.
  package func assignment(to means: [(x: Double, y: Double)]) -> [Int] {
    let squares = x.indices.flatMap { point in
      means.map { mean in
        (x[point] - mean.x) * (x[point] - mean.x) + (y[point] - mean.y) * (y[point] - mean.y)
      }
    }
    let largest = squares.max() ?? 0
    // Whole numbers of 40 bits: a thousand of them still fit a sum.
    let scale = largest > 0 ? Double(Int64(1) << 40) / largest : 0
    let costs = squares.map { Int64(($0 * scale).rounded()) }
    var best: (assignment: [Int], cost: Int64)?
    for sizes in sizeRanges {
      let candidate = BoundedAssignment.solve(costs: costs, points: x.count, clusters: clusters, sizes: sizes)
      var cost: Int64 = 0
      for (point, cluster) in candidate.enumerated() { cost &+= costs[point * clusters + cluster] }
      if best.map({ cost < $0.cost }) ?? true { best = (candidate, cost) }
    }
    return best?.assignment ?? []
  }

  /// The means of an assignment's clusters.
  package func means(of assignment: [Int]) -> [(x: Double, y: Double)] {
    var sums = [(x: Double, y: Double, count: Double)](repeating: (0, 0, 0), count: clusters)
    for (point, cluster) in assignment.enumerated() {
      sums[cluster].x += x[point]
      sums[cluster].y += y[point]
      sums[cluster].count += 1
    }
    return sums.map { ($0.x / max($0.count, 1), $0.y / max($0.count, 1)) }
  }

  /// The sum of squared distances to the means of the assignment's own clusters.
  package func objective(of assignment: [Int]) -> Double {
    let means = means(of: assignment)
    var sum = 0.0
    for (point, cluster) in assignment.enumerated() {
      let (dx, dy) = (x[point] - means[cluster].x, y[point] - means[cluster].y)
      sum += dx * dx + dy * dy
    }
    return sum
  }

  /// k-means++: each next mean is a point drawn with a chance that grows with its squared distance to the means so far.
  private func seeds(_ random: inout RandomStream) -> [(x: Double, y: Double)] {
    var chosen = Int(random.unit() * Double(x.count))
    var means = [(x: x[chosen], y: y[chosen])]
    var nearest = [Double](repeating: .infinity, count: x.count)
    while means.count < clusters {
      let last = means[means.count - 1]
      for point in x.indices {
        let (dx, dy) = (x[point] - last.x, y[point] - last.y)
        nearest[point] = min(nearest[point], dx * dx + dy * dy)
      }
      var left = random.unit() * nearest.reduce(0, +)
      chosen = x.count - 1
      for point in x.indices {
        left -= nearest[point]
        if left < 0 {
          chosen = point
          break
        }
      }
      means.append((x[chosen], y[chosen]))
    }
    return means
  }
}
