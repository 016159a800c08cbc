/// Ranks of values from 1; tied values share the mean of the ranks that they take up.
struct MidRanks {
  /// Twice the rank of each value, a whole number.
  let doubled: [Int]
  /// The size of each group of equal values, 1 for a value of its own.
  let tieGroups: [Int]

  /// Ranks the values; nil when one of them is no finite number.
  init?(_ values: [Double]) {
    guard values.allSatisfy(\.isFinite) else { return nil }
    let order = values.indices.sorted { values[$0] < values[$1] }
    var doubled = [Int](repeating: 0, count: values.count)
    var groups: [Int] = []
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      // Ranks start + 1 ... end: their mean, doubled.
      for index in start..<end { doubled[order[index]] = start + 1 + end }
      groups.append(end - start)
      start = end
    }
    self.doubled = doubled
    tieGroups = groups
  }
}
