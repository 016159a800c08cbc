internal import DMTPluginKit
internal import Foundation

/// Operators in plain loops over doubles, written from their formulas.
enum Oracle {
  struct Gradients {
    var inputs: [Tensor]
    var parameters: [Tensor] = []
  }

  /// The output for the inputs and parameters.
  static func forward(_ op: String, _ attributes: Attributes, _ inputs: [Tensor], _ parameters: [Tensor]) throws
    -> Tensor
  {
    switch op {
    case "linear": return try linear(attributes, inputs[0], parameters).output
    case "matmul": return try matmul(attributes, inputs[0], inputs[1])
    case "layer_norm": return try layerNorm(attributes, inputs[0], parameters)
    case "softmax": return try softmax(attributes, inputs[0])
    case "add", "sub", "mul": return broadcast(op, inputs[0], inputs[1])
    case "cross": return cross(inputs[0], inputs[1], crossProduct(inputs[1], parameters))
    case "fm":
      let x = inputs[0]
      return .stacked(
        (0..<x.dims[0]).map { .product(x.sample($0), .product(x.sample($0).transposed, parameters[0])) },
        dims: [x.dims[0], x.dims[1], parameters[0].dims[1]])
    case "dot_interaction": return dotInteraction(inputs[0])
    default: return inputs[0].map { activation(op, $0) }
    }
  }

  /// The gradients of sum(gradient * output).
  static func backward(
    _ op: String, _ attributes: Attributes, _ inputs: [Tensor], _ parameters: [Tensor], _ gradient: Tensor
  ) throws -> Gradients {
    switch op {
    case "linear": return try linearBackward(attributes, inputs[0], parameters, gradient)
    case "matmul": return try matmulBackward(attributes, inputs[0], inputs[1], gradient)
    case "layer_norm": return try layerNormBackward(attributes, inputs[0], parameters, gradient)
    case "softmax": return Gradients(inputs: [try softmaxBackward(attributes, inputs[0], gradient)])
    case "add", "sub", "mul": return broadcastBackward(op, inputs[0], inputs[1], gradient)
    case "cross": return crossBackward(inputs[0], inputs[1], parameters, gradient)
    case "fm": return fmBackward(inputs[0], parameters[0], gradient)
    case "dot_interaction": return Gradients(inputs: [dotInteractionBackward(inputs[0], gradient)])
    default: return Gradients(inputs: [gradient.zipped(with: inputs[0]) { $0 * derivative(op, $1) }])
    }
  }

  // MARK: Functions of one element

  static func activation(_ name: String, _ x: Double) -> Double {
    switch name {
    case "relu": max(x, 0)
    case "sigmoid": 1 / (1 + exp(-x))
    case "tanh": tanh(x)
    case "gelu": x * (1 + erf(x / 2.0.squareRoot())) / 2
    default: x
    }
  }

  static func derivative(_ name: String, _ x: Double) -> Double {
    switch name {
    case "relu": return x > 0 ? 1 : 0
    case "sigmoid": return activation(name, x) * (1 - activation(name, x))
    case "tanh": return 1 - tanh(x) * tanh(x)
    case "gelu": return (1 + erf(x / 2.0.squareRoot())) / 2 + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    default: return 1
    }
  }

  // MARK: linear

  private static func linear(_ attributes: Attributes, _ x: Tensor, _ parameters: [Tensor]) throws -> (
    z: Tensor, output: Tensor
  ) {
    var z = Tensor.product(x.flattened, parameters[0].transposed)
    if parameters.count > 1 {
      for row in 0..<z.dims[0] { for column in 0..<z.dims[1] { z[row, column] += parameters[1].values[column] } }
    }
    let name = try attributes.string("activation", default: "none")
    var output = z.map { activation(name, $0) }
    output.dims = x.dims.dropLast() + [parameters[0].dims[0]]
    return (z, output)
  }

  private static func linearBackward(
    _ attributes: Attributes, _ x: Tensor, _ parameters: [Tensor], _ gradient: Tensor
  ) throws -> Gradients {
    let name = try attributes.string("activation", default: "none")
    let dz = try linear(attributes, x, parameters).z.zipped(with: gradient.flattened) { derivative(name, $0) * $1 }
    var dx = Tensor.product(dz, parameters[0])
    dx.dims = x.dims
    var result = Gradients(inputs: [dx], parameters: [.product(dz.transposed, x.flattened)])
    if parameters.count > 1 { result.parameters.append(dz.columnSums) }
    return result
  }

  // MARK: matmul

  private static func matmul(_ attributes: Attributes, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    let (ta, tb) = (
      try attributes.bool("transpose_a", default: false), try attributes.bool("transpose_b", default: false)
    )
    let samples = (0..<a.dims[0]).map { index in
      Tensor.product(
        ta ? a.sample(index).transposed : a.sample(index), tb ? b.sample(index).transposed : b.sample(index))
    }
    return .stacked(samples, dims: [a.dims[0], ta ? a.dims[2] : a.dims[1], tb ? b.dims[1] : b.dims[2]])
  }

  private static func matmulBackward(_ attributes: Attributes, _ a: Tensor, _ b: Tensor, _ gradient: Tensor) throws
    -> Gradients
  {
    let (ta, tb) = (
      try attributes.bool("transpose_a", default: false), try attributes.bool("transpose_b", default: false)
    )
    var (left, right): ([Tensor], [Tensor]) = ([], [])
    for index in 0..<a.dims[0] {
      let (x, y, g) = (
        ta ? a.sample(index).transposed : a.sample(index), tb ? b.sample(index).transposed : b.sample(index),
        gradient.sample(index)
      )
      let (dx, dy) = (Tensor.product(g, y.transposed), Tensor.product(x.transposed, g))
      left.append(ta ? dx.transposed : dx)
      right.append(tb ? dy.transposed : dy)
    }
    return Gradients(inputs: [.stacked(left, dims: a.dims), .stacked(right, dims: b.dims)])
  }
}
