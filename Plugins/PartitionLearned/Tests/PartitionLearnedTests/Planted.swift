import DMTPluginKit

import PartitionLearned

/// An affinity with planted groups: pairs of one group are more alike than pairs of two.
struct Planted {
  let affinity: [Double]
  let groups: [Int]

  /// - Parameters:
  ///   - inside: the range of affinities in a group.
  ///   - across: the range of affinities between groups.
  init(count: Int, groups: Int, inside: ClosedRange<Double>, across: ClosedRange<Double>, seed: UInt64) {
    var random = RandomStream(seed: seed, stream: 9)
    // A shuffled deal: neighbours in the order of features are not neighbours in a group.
    var order = Array(0..<count)
    for index in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(index, Int(random.unit() * Double(index + 1)))
    }
    var owner = [Int](repeating: 0, count: count)
    for (position, feature) in order.enumerated() { owner[feature] = position % groups }
    var affinity = [Double](repeating: 1, count: count * count)
    for i in 0..<count {
      for j in 0..<i {
        let range = owner[i] == owner[j] ? inside : across
        let value = range.lowerBound + (range.upperBound - range.lowerBound) * random.unit()
        affinity[i * count + j] = value
        affinity[j * count + i] = value
      }
    }
    self.affinity = affinity
    self.groups = owner
  }

  func request(
    towers: Int, strategy: String = "coherent", balance: Double = 1, seed: UInt64 = 1
  ) -> PartitionRequest {
    PartitionRequest(
      features: groups.indices.map { .init(name: "f\($0)", rows: 10, dim: 4, lookupCost: 1, bytes: 160) },
      affinity: affinity, towers: towers, balance: balance, strategy: strategy, seed: seed)
  }
}

/// The adjusted Rand index of two partitions (Hubert and Arabie 1985): 1 for equal ones, about 0 for unrelated ones.
func adjustedRandIndex(_ a: [Int], _ b: [Int]) -> Double {
  func pairs(_ count: Int) -> Double { Double(count * (count - 1) / 2) }
  var cells: [[Int]: Int] = [:]
  var rows: [Int: Int] = [:]
  var columns: [Int: Int] = [:]
  for (x, y) in zip(a, b) {
    cells[[x, y], default: 0] += 1
    rows[x, default: 0] += 1
    columns[y, default: 0] += 1
  }
  let index = cells.values.map(pairs).reduce(0, +)
  let (inRows, inColumns) = (rows.values.map(pairs).reduce(0, +), columns.values.map(pairs).reduce(0, +))
  let expected = inRows * inColumns / pairs(a.count)
  return (index - expected) / ((inRows + inColumns) / 2 - expected)
}
