import Foundation

/// The operators' formulas in double, as plain loops.
enum Formulas {
  static func activation(_ name: String, _ x: Double) -> Double {
    switch name {
    case "relu": x > 0 ? x : 0
    case "sigmoid": 1 / (1 + exp(-x))
    case "tanh": tanh(x)
    case "gelu": 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    default: x
    }
  }

  /// [m, k] x [k, n], with `a` and `b` read through their strides.
  static func product(
    _ m: Int, _ n: Int, _ k: Int, _ a: (Int, Int) -> Double, _ b: (Int, Int) -> Double
  ) -> [Double] {
    var c = Array(repeating: 0.0, count: m * n)
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for p in 0..<k { sum += a(i, p) * b(p, j) }
        c[i * n + j] = sum
      }
    }
    return c
  }

  static func linear(_ x: [Double], _ w: [Double], _ bias: [Double]?, _ rows: Int, _ width: Int, _ out: Int) -> [Double] {
    var y = product(rows, out, width, { x[$0 * width + $1] }, { w[$1 * width + $0] })
    if let bias { for i in y.indices { y[i] += bias[i % out] } }
    return y
  }

  /// A shape's elements as (index on every axis).
  static func indices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { lists, extent in lists.flatMap { list in (0..<extent).map { list + [$0] } } }
  }

  static func flat(_ index: [Int], _ shape: [Int]) -> Int {
    zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
  }

  static func softmax(_ x: [Double]) -> [Double] {
    let largest = x.max() ?? 0
    let values = x.map { exp($0 - largest) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }
}
