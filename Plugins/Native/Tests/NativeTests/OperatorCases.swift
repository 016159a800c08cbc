#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

/// Operators at shapes that reach every path: whole registers, tails, one element, several panels and tiles.
enum OperatorCases {
  static let linear: [OperatorCase] = {
    var cases: [OperatorCase] = []
    for activation in ["none", "relu", "sigmoid", "tanh", "gelu"] {
      for (rows, width, out) in [(1, 1, 1), (5, 3, 7), (17, 13, 33), (2, 20, 16), (29, 8, 9)] {
        cases.append(linear([rows, width], out, activation, bias: true))
      }
      cases.append(linear([2, 3, 5], 4, activation, bias: false))
    }
    return cases
  }()

  static func linear(_ shape: [Int], _ out: Int, _ activation: String, bias: Bool) -> OperatorCase {
    let width = shape.last ?? 1
    let rows = Array(shape.dropLast()).elements
    return OperatorCase(
      op: "linear", inputs: [shape], parameters: bias ? [[out, width], [out]] : [[out, width]],
      output: Array(shape.dropLast()) + [out],
      attributes: ["out": .int(out), "bias": .bool(bias), "activation": .string(activation)]
    ) { values in
      Formulas.linear(values[0], values[1], bias ? values[2] : nil, rows, width, out)
        .map { Formulas.activation(activation, $0) }
    }
  }

  static let products: [OperatorCase] = {
    var cases: [OperatorCase] = []
    for (batch, m, k, n) in [(1, 3, 5, 7), (4, 2, 9, 3), (2, 15, 4, 17), (3, 1, 1, 1)] {
      for (a, b) in [(false, false), (true, false), (false, true), (true, true)] {
        cases.append(matmul(batch, m, k, n, a, b))
      }
    }
    for (batch, vectors, dim) in [(3, 2, 1), (2, 5, 7), (2, 9, 16), (1, 27, 16), (2, 35, 3), (3, 4, 33)] {
      cases.append(dotInteraction(batch, vectors, dim))
    }
    for (batch, width, rank) in [(5, 7, 0), (3, 17, 0), (1, 1, 0), (6, 9, 2), (2, 33, 5), (3, 4, 6)] {
      cases.append(cross(batch, width, rank))
    }
    for (batch, count, dim, k) in [(3, 4, 5, 2), (2, 7, 16, 3), (1, 3, 1, 1), (130, 2, 3, 2)] {
      cases.append(fm(batch, count, dim, k))
    }
    return cases
  }()

  static func matmul(_ batch: Int, _ m: Int, _ k: Int, _ n: Int, _ ta: Bool, _ tb: Bool) -> OperatorCase {
    OperatorCase(
      op: "matmul", inputs: [ta ? [batch, k, m] : [batch, m, k], tb ? [batch, n, k] : [batch, k, n]],
      output: [batch, m, n], attributes: ["transpose_a": .bool(ta), "transpose_b": .bool(tb)], differentiable: [0, 1]
    ) { values in
      (0..<batch).flatMap { sample in
        Formulas.product(
          m, n, k, { values[0][sample * m * k + (ta ? $1 * m + $0 : $0 * k + $1)] },
          { values[1][sample * k * n + (tb ? $1 * k + $0 : $0 * n + $1)] })
      }
    }
  }

  static func dotInteraction(_ batch: Int, _ vectors: Int, _ dim: Int) -> OperatorCase {
    OperatorCase(
      op: "dot_interaction", inputs: [[batch, vectors, dim]], output: [batch, vectors * (vectors - 1) / 2]
    ) { values in
      var result: [Double] = []
      for sample in 0..<batch {
        let x = { (i: Int, d: Int) in values[0][(sample * vectors + i) * dim + d] }
        for i in 0..<vectors {
          for j in (i + 1)..<max(i + 1, vectors) {
            result.append((0..<dim).reduce(0) { $0 + x(i, $1) * x(j, $1) })
          }
        }
      }
      return result
    }
  }

  static func cross(_ batch: Int, _ width: Int, _ rank: Int) -> OperatorCase {
    OperatorCase(
      op: "cross", inputs: [[batch, width], [batch, width]],
      parameters: rank == 0 ? [[width, width], [width]] : [[rank, width], [width, rank], [width]],
      output: [batch, width], attributes: ["rank": .int(rank)], differentiable: [0, 1]
    ) { values in
      var inner = values[1]
      if rank > 0 { inner = Formulas.linear(inner, values[2], nil, batch, width, rank) }
      let depth = rank == 0 ? width : rank
      let product = Formulas.linear(inner, values[rank == 0 ? 2 : 3], values[rank == 0 ? 3 : 4], batch, depth, width)
      return product.indices.map { values[0][$0] * product[$0] + values[1][$0] }
    }
  }

  static func fm(_ batch: Int, _ count: Int, _ dim: Int, _ k: Int) -> OperatorCase {
    OperatorCase(
      op: "fm", inputs: [[batch, count, dim]], parameters: [[count, k]], output: [batch, count, k],
      attributes: ["k": .int(k)]
    ) { values in
      (0..<batch).flatMap { sample in
        let x = { (i: Int, d: Int) in values[0][(sample * count + i) * dim + d] }
        let inner = Formulas.product(dim, k, count, { x($1, $0) }, { values[1][$0 * k + $1] })
        return Formulas.product(count, k, dim, { x($0, $1) }, { inner[$0 * k + $1] })
      }
    }
  }

  static let elementwise: [OperatorCase] = {
    var cases: [OperatorCase] = []
    for op in ["relu", "sigmoid", "tanh", "gelu"] {
      for shape in [[1, 1], [7, 13], [2, 3, 5], [1, 129]] {
        cases.append(
          OperatorCase(op: op, inputs: [shape], output: shape) { $0[0].map { Formulas.activation(op, $0) } })
      }
    }
    cases.append(
      OperatorCase(op: "scale", inputs: [[3, 19]], output: [3, 19], attributes: ["factor": .double(-1.5)]) {
        $0[0].map { $0 * -1.5 }
      })
    for op in ["add", "sub", "mul"] {
      for (a, b, shape) in [
        ([3, 5], [3, 5], [3, 5]), ([4, 19], [19], [4, 19]), ([19], [4, 19], [4, 19]), ([6, 7], [6, 1], [6, 7]),
        ([3, 4, 5], [3, 1, 5], [3, 4, 5]), ([3, 4, 1], [3, 1, 5], [3, 4, 5]), ([2, 9], [1], [2, 9]),
        ([2, 3, 4, 5], [3, 1, 5], [2, 3, 4, 5]), ([3, 300], [300], [3, 300]), ([1, 1], [5, 3], [5, 3]),
      ] {
        cases.append(broadcast(op, a, b, shape))
      }
    }
    return cases
  }()

  static func broadcast(_ op: String, _ a: [Int], _ b: [Int], _ shape: [Int]) -> OperatorCase {
    @Sendable func pick(_ values: [Double], _ own: [Int], _ index: [Int]) -> Double {
      let tail = index.suffix(own.count)
      return values[Formulas.flat(zip(tail, own).map { $1 == 1 ? 0 : $0 }, own)]
    }
    return OperatorCase(op: op, inputs: [a, b], output: shape, differentiable: [0, 1]) { values in
      Formulas.indices(shape).map { index in
        let (x, y) = (pick(values[0], a, index), pick(values[1], b, index))
        return op == "add" ? x + y : op == "sub" ? x - y : x * y
      }
    }
  }

  static let emptyBatches: [OperatorCase] = [
    linear([0, 5], 3, "relu", bias: true), matmul(0, 2, 3, 4, false, false), dotInteraction(0, 3, 4), cross(0, 5, 0),
    cross(0, 5, 2), fm(0, 3, 4, 2), layerNorm([0, 6]), bce(0),
    OperatorCase(op: "relu", inputs: [[0, 4]], output: [0, 4]) { $0[0] },
    broadcast("add", [0, 4], [4], [0, 4]),
  ]
}
