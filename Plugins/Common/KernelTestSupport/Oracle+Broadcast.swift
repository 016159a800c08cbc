extension Tensor {
  /// NumPy's broadcast of two shapes that fit.
  static func broadcastDims(_ a: [Int], _ b: [Int]) -> [Int] {
    let rank = max(a.count, b.count)
    let left = [Int](repeating: 1, count: rank - a.count) + a
    let right = [Int](repeating: 1, count: rank - b.count) + b
    return zip(left, right).map { $0 == 1 ? $1 : $0 }
  }

  /// For every element of a tensor of `wide`, the element of this one that is repeated there.
  private func sources(in wide: [Int]) -> [Int] {
    let own = [Int](repeating: 1, count: wide.count - dims.count) + dims
    return (0..<wide.reduce(1, *)).map { place in
      var (rest, step, source) = (place, 1, 0)
      for axis in wide.indices.reversed() {
        if own[axis] > 1 { source += rest % wide[axis] * step }
        rest /= wide[axis]
        step *= own[axis]
      }
      return source
    }
  }

  func broadcast(to wide: [Int]) -> Tensor { Tensor(wide, sources(in: wide).map { values[$0] }) }

  /// The sums over everything that repeats an element of a tensor of `narrow`.
  func summed(to narrow: [Int]) -> Tensor {
    var sums = Tensor.zeros(narrow)
    for (value, source) in zip(values, sums.sources(in: dims)) { sums.values[source] += value }
    return sums
  }
}

extension Oracle {
  static func broadcast(_ op: String, _ a: Tensor, _ b: Tensor) -> Tensor {
    let wide = Tensor.broadcastDims(a.dims, b.dims)
    let (left, right) = (a.broadcast(to: wide), b.broadcast(to: wide))
    return switch op {
    case "add": left + right
    case "sub": left.zipped(with: right, -)
    default: left.zipped(with: right, *)
    }
  }

  static func broadcastBackward(_ op: String, _ a: Tensor, _ b: Tensor, _ gradient: Tensor) -> Gradients {
    var (left, right) = (gradient, gradient)
    if op == "sub" { right = gradient.map { -$0 } }
    if op == "mul" {
      left = gradient.zipped(with: b.broadcast(to: gradient.dims), *)
      right = gradient.zipped(with: a.broadcast(to: gradient.dims), *)
    }
    return Gradients(inputs: [left.summed(to: a.dims), right.summed(to: b.dims)])
  }
}
