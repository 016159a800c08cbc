/// The adjusted Rand index of two partitions of the same elements (Hubert and Arabie 1985): 1 for equal ones, about 0 for
/// unrelated ones.
///
/// (sum C(n_ij, 2) - E) / ((sum C(a_i, 2) + sum C(b_j, 2)) / 2 - E), E = sum C(a_i, 2) sum C(b_j, 2) / C(n, 2), from the
/// sizes a, b of the parts and n of their intersections.
public func adjustedRandIndex(_ first: [Int], _ second: [Int]) -> Double {
  func pairs(_ count: Int) -> Double { Double(count) * Double(count - 1) / 2 }
  func pairs(_ counts: some Sequence<Int>) -> Double { counts.reduce(0) { $0 + pairs($1) } }
  var cells: [SIMD2<Int>: Int] = [:]
  var rows: [Int: Int] = [:]
  var columns: [Int: Int] = [:]
  for (a, b) in zip(first, second) {
    cells[SIMD2(a, b), default: 0] += 1
    rows[a, default: 0] += 1
    columns[b, default: 0] += 1
  }
  let (inRows, inColumns) = (pairs(rows.values), pairs(columns.values))
  let all = pairs(min(first.count, second.count))
  guard all > 0 else { return 1 }
  let expected = inRows * inColumns / all
  let most = (inRows + inColumns) / 2
  // Both are one part, or both are single elements.
  guard most != expected else { return 1 }
  return (pairs(cells.values) - expected) / (most - expected)
}
