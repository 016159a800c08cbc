/// Numbers that are weighted sums of earlier ones, and the way back: what a gradient of the last is for the first.
struct LinearTape {
  /// A number by its place.
  typealias Node = Int

  private(set) var values: [Double] = []
  private var terms: [[(node: Node, factor: Double)]] = []

  /// A number that is given.
  mutating func leaf(_ value: Double) -> Node {
    values.append(value)
    terms.append([])
    return values.count - 1
  }

  /// A weighted sum.
  mutating func sum(_ parts: [(node: Node, factor: Double)]) -> Node {
    values.append(parts.reduce(0) { $0 + $1.factor * values[$1.node] })
    terms.append(parts)
    return values.count - 1
  }

  /// Gradients of all numbers where some have the gradients `seeds`.
  func adjoint(_ seeds: [(node: Node, gradient: Double)]) -> [Double] {
    var gradients = [Double](repeating: 0, count: values.count)
    for seed in seeds { gradients[seed.node] += seed.gradient }
    for node in values.indices.reversed() where gradients[node] != 0 {
      for part in terms[node] { gradients[part.node] += part.factor * gradients[node] }
    }
    return gradients
  }
}
