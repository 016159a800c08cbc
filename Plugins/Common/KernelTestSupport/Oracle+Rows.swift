internal import DMTPluginKit
internal import Foundation

extension Oracle {
  // MARK: layer_norm

  private static func normalised(_ row: ArraySlice<Double>, eps: Double) -> (values: [Double], deviation: Double) {
    let mean = row.reduce(0, +) / Double(row.count)
    let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
    let deviation = (variance + eps).squareRoot()
    return (row.map { ($0 - mean) / deviation }, deviation)
  }

  static func layerNorm(_ attributes: Attributes, _ x: Tensor, _ parameters: [Tensor]) throws -> Tensor {
    let eps = try attributes.double("eps", default: 1e-5)
    let width = parameters[0].count
    var result = x
    for row in 0..<x.count / width {
      let values = normalised(x.values[row * width..<(row + 1) * width], eps: eps).values
      for column in 0..<width {
        result.values[row * width + column] =
          values[column] * parameters[0].values[column] + parameters[1].values[column]
      }
    }
    return result
  }

  static func layerNormBackward(
    _ attributes: Attributes, _ x: Tensor, _ parameters: [Tensor], _ gradient: Tensor
  ) throws -> Gradients {
    let eps = try attributes.double("eps", default: 1e-5)
    let width = parameters[0].count
    var (dx, dWeight, dBias) = (x, Tensor.zeros([width]), Tensor.zeros([width]))
    for row in 0..<x.count / width {
      let (values, deviation) = normalised(x.values[row * width..<(row + 1) * width], eps: eps)
      let outer = Array(gradient.values[row * width..<(row + 1) * width])
      let inner = (0..<width).map { outer[$0] * parameters[0].values[$0] }
      let mean = inner.reduce(0, +) / Double(width)
      let along = zip(inner, values).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
      for column in 0..<width {
        dx.values[row * width + column] = (inner[column] - mean - values[column] * along) / deviation
        dWeight.values[column] += outer[column] * values[column]
        dBias.values[column] += outer[column]
      }
    }
    return Gradients(inputs: [dx], parameters: [dWeight, dBias])
  }

  // MARK: softmax

  /// Calls `body` with the positions of every group that sums to 1.
  private static func forEachGroup(_ attributes: Attributes, _ x: Tensor, _ body: ([Int]) -> Void) throws {
    let given = try attributes.int("axis", default: -1)
    let axis = given < 0 ? given + x.dims.count : given
    let inner = x.dims[(axis + 1)...].reduce(1, *)
    let extent = x.dims[axis]
    for outer in 0..<x.dims[..<axis].reduce(1, *) {
      for offset in 0..<inner { body((0..<extent).map { (outer * extent + $0) * inner + offset }) }
    }
  }

  static func softmax(_ attributes: Attributes, _ x: Tensor) throws -> Tensor {
    var result = x
    try forEachGroup(attributes, x) { group in
      let highest = group.map { x.values[$0] }.max() ?? 0
      let total = group.reduce(0) { $0 + exp(x.values[$1] - highest) }
      for index in group { result.values[index] = exp(x.values[index] - highest) / total }
    }
    return result
  }

  static func softmaxBackward(_ attributes: Attributes, _ x: Tensor, _ gradient: Tensor) throws -> Tensor {
    let y = try softmax(attributes, x)
    var result = x
    try forEachGroup(attributes, x) { group in
      let along = group.reduce(0) { $0 + gradient.values[$1] * y.values[$1] }
      for index in group { result.values[index] = y.values[index] * (gradient.values[index] - along) }
    }
    return result
  }
}
