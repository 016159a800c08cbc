internal import DMTPluginKit

extension Oracle {
  // MARK: cross

  /// W x + b, or W (V x) + b.
  static func crossProduct(_ x: Tensor, _ parameters: [Tensor]) -> Tensor {
    let bias = parameters[parameters.count - 1]
    var z = x
    for matrix in parameters.dropLast() { z = .product(z, matrix.transposed) }
    for row in 0..<z.dims[0] { for column in 0..<z.dims[1] { z[row, column] += bias.values[column] } }
    return z
  }

  static func cross(_ x0: Tensor, _ x: Tensor, _ z: Tensor) -> Tensor { x0.zipped(with: z, *) + x }

  static func crossBackward(_ x0: Tensor, _ x: Tensor, _ parameters: [Tensor], _ gradient: Tensor) -> Gradients {
    let dz = gradient.zipped(with: x0, *)
    let dx0 = gradient.zipped(with: crossProduct(x, parameters), *)
    if parameters.count == 2 {
      return Gradients(
        inputs: [dx0, gradient + .product(dz, parameters[0])], parameters: [.product(dz.transposed, x), dz.columnSums])
    }
    let hidden = Tensor.product(x, parameters[0].transposed)
    let dHidden = Tensor.product(dz, parameters[1])
    return Gradients(
      inputs: [dx0, gradient + .product(dHidden, parameters[0])],
      parameters: [.product(dHidden.transposed, x), .product(dz.transposed, hidden), dz.columnSums])
  }

  // MARK: fm

  static func fmBackward(_ x: Tensor, _ y: Tensor, _ gradient: Tensor) -> Gradients {
    var samples: [Tensor] = []
    var dy = Tensor.zeros(y.dims)
    for index in 0..<x.dims[0] {
      let (sample, outer) = (x.sample(index), gradient.sample(index))
      let inner = Tensor.product(sample.transposed, y)
      let dInner = Tensor.product(sample.transposed, outer)
      samples.append(.product(outer, inner.transposed) + .product(y, dInner.transposed))
      dy = dy + .product(sample, dInner)
    }
    return Gradients(inputs: [.stacked(samples, dims: x.dims)], parameters: [dy])
  }

  // MARK: dot_interaction

  static func dotInteraction(_ x: Tensor) -> Tensor {
    let (batch, count, dim) = (x.dims[0], x.dims[1], x.dims[2])
    var result: [Double] = []
    for sample in 0..<batch {
      for i in 0..<count {
        for j in (i + 1)..<max(count, i + 1) {
          result.append((0..<dim).reduce(0) { $0 + x[sample, i, $1] * x[sample, j, $1] })
        }
      }
    }
    return Tensor([batch, count * (count - 1) / 2], result)
  }

  static func dotInteractionBackward(_ x: Tensor, _ gradient: Tensor) -> Tensor {
    var result = Tensor.zeros(x.dims)
    var pair = 0
    for sample in 0..<x.dims[0] {
      for i in 0..<x.dims[1] {
        for j in (i + 1)..<max(x.dims[1], i + 1) {
          for column in 0..<x.dims[2] {
            result[sample, i, column] += gradient.values[pair] * x[sample, j, column]
            result[sample, j, column] += gradient.values[pair] * x[sample, i, column]
          }
          pair += 1
        }
      }
    }
    return result
  }
}
