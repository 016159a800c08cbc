internal import DMTCore

/// A column of a feature's embedding or of a tower's output.
struct FlowSource: Hashable {
  enum Kind { case feature, tower }
  var kind: Kind
  var index: Int
  var column: Int
}

/// An element of a table.
struct FlowElement: Hashable {
  var table: Int
  var row: Int
  var column: Int
}

/// Bags, table elements, towers and gradients of a simulated batch, as functions of a seed.
struct FlowData {
  let request: ShardingRequest
  let seed: UInt64

  private func words(_ a: Int, _ b: Int, _ c: Int, _ d: UInt32) -> SIMD4<UInt32> {
    Philox.words(key: Philox.key(seed: seed), counter: SIMD4(UInt32(a), UInt32(b), UInt32(c), d))
  }

  private func number(_ words: SIMD4<UInt32>) -> Double { Double(words[0]) / Double(UInt32.max) * 2 - 1 }

  /// Row numbers, none to three of them.
  func bag(feature: Int, sample: Int) -> [Int] {
    let rows = UInt32(request.tables[request.features[feature].table].rows)
    let chosen = words(feature, sample, 0, 1)
    return (0..<Int(chosen[0] % 4)).map { Int(words(feature, sample, $0, 2)[1] % rows) }
  }

  func value(_ element: FlowElement) -> Double { number(words(element.table, element.row, element.column, 3)) }

  /// What a tower multiplies a column of its features by for one of its outputs.
  func factor(tower: Int, output: Int, _ source: FlowSource) -> Double {
    number(words(tower, output, source.index << 8 | source.column, 4))
  }

  /// The gradient of a column of a sample.
  func gradient(sample: Int, _ source: FlowSource) -> Double {
    number(words(sample, source.index << 8 | source.column, source.kind == .tower ? 1 : 0, 5))
  }

  /// A column of a sample straight from the tables: elements with their factors.
  func expected(sample: Int, _ source: FlowSource) -> [(element: FlowElement, factor: Double)] {
    guard source.kind == .tower else {
      let feature = request.features[source.index]
      let bag = bag(feature: source.index, sample: sample)
      let factor = feature.pooling == .mean ? 1 / Double(max(1, bag.count)) : 1
      return bag.map { (FlowElement(table: feature.table, row: $0, column: source.column), factor) }
    }
    var parts: [(element: FlowElement, factor: Double)] = []
    for (index, feature) in request.features.enumerated() where feature.tower == source.index {
      for column in 0..<request.tables[feature.table].dim {
        let input = FlowSource(kind: .feature, index: index, column: column)
        let factor = factor(tower: source.index, output: source.column, input)
        parts += expected(sample: sample, input).map { ($0.element, factor * $0.factor) }
      }
    }
    return parts
  }

  /// The columns that every sample gets.
  func wanted(runsTowers: Bool) -> [FlowSource] {
    var wanted: [FlowSource] = []
    for (index, feature) in request.features.enumerated() where !runsTowers || feature.tower == nil {
      wanted += (0..<request.tables[feature.table].dim).map { FlowSource(kind: .feature, index: index, column: $0) }
    }
    guard runsTowers else { return wanted }
    for (index, tower) in request.towers.enumerated() {
      wanted += (0..<tower.outputColumns).map { FlowSource(kind: .tower, index: index, column: $0) }
    }
    return wanted
  }
}
