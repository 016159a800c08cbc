import Foundation

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

extension OperatorCases {
  static let layout: [OperatorCase] = {
    var cases: [OperatorCase] = []
    for (shapes, axis) in [
      ([[3, 5], [3, 1], [3, 17]], 1), ([[2, 3, 4], [2, 2, 4]], 1), ([[2, 3, 4], [2, 3, 1]], -1), ([[4, 7]], 1),
    ] {
      cases.append(concat(shapes, axis))
    }
    for (shape, axis, start, end) in [([4, 9], 1, 2, 7), ([2, 5, 3], 1, 0, 2), ([2, 5, 17], -1, 16, 17), ([3, 4], 1, 0, 4)] {
      cases.append(slice(shape, axis, start, end))
    }
    cases.append(
      OperatorCase(op: "reshape", inputs: [[3, 4, 5]], output: [3, 20], attributes: ["shape": .ints([-1, 20])]) { $0[0] })
    for (shape, perm) in [
      ([3, 4, 5], [0, 2, 1]), ([2, 17, 33], [0, 2, 1]), ([2, 3, 4, 5], [0, 2, 1, 3]), ([2, 3, 4, 5], [0, 3, 1, 2]),
      ([5, 4], [0, 1]), ([2, 16, 16], [0, 2, 1]),
    ] {
      cases.append(transpose(shape, perm))
    }
    for op in ["reduce_sum", "reduce_mean"] {
      for (shape, axes, keep) in [
        ([5, 7], [1], false), ([5, 33], [1], true), ([3, 4, 5], [1], false), ([3, 4, 5], [1, -1], true),
        ([3, 4, 5, 2], [1, 3], false), ([2, 300], [1], false), ([3, 1], [1], false), ([3, 4, 20], [2], false),
      ] {
        cases.append(reduce(op, shape, axes, keep))
      }
    }
    return cases
  }()

  static func concat(_ shapes: [[Int]], _ axis: Int) -> OperatorCase {
    let place = axis < 0 ? axis + shapes[0].count : axis
    var output = shapes[0]
    output[place] = shapes.reduce(0) { $0 + $1[place] }
    let result = output
    return OperatorCase(
      op: "concat", inputs: shapes, output: result, attributes: ["axis": .int(axis)],
      differentiable: Array(shapes.indices)
    ) { values in
      Formulas.indices(result).map { index in
        var index = index
        var input = 0
        while index[place] >= shapes[input][place] {
          index[place] -= shapes[input][place]
          input += 1
        }
        return values[input][Formulas.flat(index, shapes[input])]
      }
    }
  }

  static func slice(_ shape: [Int], _ axis: Int, _ start: Int, _ end: Int) -> OperatorCase {
    let place = axis < 0 ? axis + shape.count : axis
    var output = shape
    output[place] = end - start
    let result = output
    return OperatorCase(
      op: "slice", inputs: [shape], output: result,
      attributes: ["axis": .int(axis), "start": .int(start), "end": .int(end)]
    ) { values in
      Formulas.indices(result).map { index in
        var index = index
        index[place] += start
        return values[0][Formulas.flat(index, shape)]
      }
    }
  }

  static func transpose(_ shape: [Int], _ perm: [Int]) -> OperatorCase {
    let result = perm.map { shape[$0] }
    return OperatorCase(op: "transpose", inputs: [shape], output: result, attributes: ["perm": .ints(perm)]) { values in
      Formulas.indices(result).map { index in
        var source = index
        for (axis, from) in perm.enumerated() { source[from] = index[axis] }
        return values[0][Formulas.flat(source, shape)]
      }
    }
  }

  static func reduce(_ op: String, _ shape: [Int], _ axes: [Int], _ keep: Bool) -> OperatorCase {
    let reduced = Set(axes.map { $0 < 0 ? $0 + shape.count : $0 })
    let kept = shape.indices.map { reduced.contains($0) ? 1 : shape[$0] }
    let output = shape.indices.compactMap { reduced.contains($0) ? (keep ? 1 : nil) : shape[$0] }
    let count = op == "reduce_mean" ? Double(reduced.reduce(1) { $0 * shape[$1] }) : 1
    return OperatorCase(
      op: op, inputs: [shape], output: output, attributes: ["axis": .ints(axes), "keepdims": .bool(keep)]
    ) { values in
      var result = Array(repeating: 0.0, count: kept.elements)
      for index in Formulas.indices(shape) {
        let place = Formulas.flat(index.indices.map { reduced.contains($0) ? 0 : index[$0] }, kept)
        result[place] += values[0][Formulas.flat(index, shape)] / count
      }
      return result
    }
  }

  static let normalising: [OperatorCase] = {
    var cases: [OperatorCase] = []
    for (shape, axis) in [([5, 7], 1), ([3, 33], -1), ([2, 4, 5], 1), ([2, 3, 19], 2), ([2, 4, 19], 1), ([4, 1], 1)] {
      cases.append(softmax(shape, axis))
    }
    for shape in [[5, 7], [2, 3, 33], [130, 5], [1, 129]] { cases.append(layerNorm(shape)) }
    for batch in [1, 7, 300] { cases.append(bce(batch)) }
    return cases
  }()

  static func softmax(_ shape: [Int], _ axis: Int) -> OperatorCase {
    let place = axis < 0 ? axis + shape.count : axis
    let (outer, extent) = (Array(shape[..<place]).elements, shape[place])
    let inner = Array(shape[(place + 1)...]).elements
    return OperatorCase(op: "softmax", inputs: [shape], output: shape, attributes: ["axis": .int(axis)]) { values in
      var result = values[0]
      for o in 0..<outer {
        for i in 0..<inner {
          let at = { (step: Int) in (o * extent + step) * inner + i }
          let row = Formulas.softmax((0..<extent).map { values[0][at($0)] })
          for step in 0..<extent { result[at(step)] = row[step] }
        }
      }
      return result
    }
  }

  static func layerNorm(_ shape: [Int]) -> OperatorCase {
    let width = shape.last ?? 1
    return OperatorCase(
      op: "layer_norm", inputs: [shape], parameters: [[width], [width]], output: shape,
      attributes: ["eps": .double(1e-5)], relative: 5e-5, absolute: 5e-5
    ) { values in
      var result = values[0]
      for row in 0..<(values[0].count / width) {
        let x = values[0][(row * width)..<((row + 1) * width)]
        let mean = x.reduce(0, +) / Double(width)
        let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
        for (column, value) in x.enumerated() {
          result[row * width + column] =
            (value - mean) / (variance + 1e-5).squareRoot() * values[1][column] + values[2][column]
        }
      }
      return result
    }
  }

  static func bce(_ batch: Int) -> OperatorCase {
    OperatorCase(op: "bce_with_logits", inputs: [[batch], [batch]], output: []) { values in
      let losses = values[0].indices.map { index in
        let z = values[0][index] * 1
        return max(z, 0) - z * values[1][index] + log1p(exp(-abs(z)))
      }
      return [batch == 0 ? 0 : losses.reduce(0, +) / Double(batch)]
    }
  }
}
