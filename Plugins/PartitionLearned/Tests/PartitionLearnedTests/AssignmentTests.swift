import Testing

import PartitionLearned

/// The least cost over all assignments whose sizes lie in the range, by trying them all.
private func bruteForce(_ costs: [Int64], points: Int, clusters: Int, sizes: ClosedRange<Int>) -> Int64 {
  var best = Int64.max
  var counts = [Int](repeating: 0, count: clusters)
  func visit(_ point: Int, _ cost: Int64) {
    if point == points {
      if counts.allSatisfy(sizes.contains) { best = min(best, cost) }
      return
    }
    for cluster in 0..<clusters where counts[cluster] < sizes.upperBound {
      counts[cluster] += 1
      visit(point + 1, cost + costs[point * clusters + cluster])
      counts[cluster] -= 1
    }
  }
  visit(0, 0)
  return best
}

@Suite("The assignment step of constrained k-means")
struct AssignmentTests {
  @Test("costs are the least that any assignment has", arguments: 0..<300)
  func exact(trial: Int) throws {
    var random = RandomStream(seed: UInt64(trial), stream: 1)
    let clusters = 1 + Int(random.unit() * 4)
    let points = clusters + Int(random.unit() * Double(9 - clusters))
    // Few different costs make many ties.
    let spread = trial % 3 == 0 ? 4.0 : 1000
    let costs = (0..<points * clusters).map { _ in Int64(random.unit() * spread) }
    let floor = points / clusters
    let tight = floor...((points + clusters - 1) / clusters)
    for sizes in [tight, max(0, floor - 1)...(floor + 2), 0...points] {
      let owners = BoundedAssignment.solve(costs: costs, points: points, clusters: clusters, sizes: sizes)
      let counts = (0..<clusters).map { cluster in owners.filter { $0 == cluster }.count }
      #expect(counts.allSatisfy(sizes.contains))
      let cost = owners.enumerated().reduce(Int64(0)) { $0 + costs[$1.offset * clusters + $1.element] }
      #expect(cost == bruteForce(costs, points: points, clusters: clusters, sizes: sizes))
    }
  }

  @Test("a round of k-means never raises the objective, and the end is a fixed point")
  func descent() {
    var random = RandomStream(seed: 5, stream: 2)
    let x = (0..<60).map { _ in random.normal() }
    let y = (0..<60).map { _ in random.normal() }
    let kMeans = ConstrainedKMeans(x: x, y: y, clusters: 7, sizeRanges: [8...9])
    for stream in UInt32(0)..<5 {
      let result = kMeans.run(seed: 1, stream: stream)
      let means = kMeans.means(of: result.assignment)
      let next = kMeans.assignment(to: means)
      #expect(next == result.assignment)
      #expect(kMeans.objective(of: next) <= result.objective + 1e-12)
    }
  }

  @Test("the best start is the best partition of all, on sets small enough to try them all", arguments: 0..<20)
  func optimum(trial: Int) {
    var random = RandomStream(seed: UInt64(trial), stream: 3)
    let x = (0..<8).map { _ in random.normal() }
    let y = (0..<8).map { _ in random.normal() }
    let kMeans = ConstrainedKMeans(x: x, y: y, clusters: 3, sizeRanges: [2...3])
    let found = (UInt32(0)..<32).map { kMeans.run(seed: 1, stream: $0).objective }.min() ?? .infinity
    var best = Double.infinity
    var owners = [Int](repeating: 0, count: 8)
    func visit(_ point: Int) {
      guard point < 8 else {
        let counts = (0..<3).map { cluster in owners.filter { $0 == cluster }.count }
        if counts.allSatisfy((2...3).contains) { best = min(best, kMeans.objective(of: owners)) }
        return
      }
      for cluster in 0..<3 {
        owners[point] = cluster
        visit(point + 1)
      }
    }
    visit(0)
    #expect(abs(found - best) < 1e-9)
  }
}

@Suite("The plane")
struct PlaneTests {
  @Test("distances that a plane has are found again")
  func exactDistances() {
    var random = RandomStream(seed: 3, stream: 4)
    let points = (0..<19).map { _ in (random.unit(), random.unit()) }
    let distances = points.flatMap { a in
      points.map { b in ((a.0 - b.0) * (a.0 - b.0) + (a.1 - b.1) * (a.1 - b.1)).squareRoot() }
    }
    let minimiser = StressMinimiser(distances: distances, count: 19)
    let stress = (UInt32(0)..<4).map { minimiser.run(seed: 1, stream: $0).stress }.min() ?? .infinity
    #expect(stress < 1e-4)
  }

  @Test("one feature and two features have a place")
  func few() {
    #expect(StressMinimiser(distances: [0], count: 1).run(seed: 1, stream: 0).stress == 0)
    let pair = StressMinimiser(distances: [0, 0.7, 0.7, 0], count: 2).run(seed: 1, stream: 0)
    #expect(pair.stress < 1e-6)
  }
}
