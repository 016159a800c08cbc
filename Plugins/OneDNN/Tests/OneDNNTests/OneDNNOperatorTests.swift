internal import DMTPluginKit
internal import OneDNN
internal import Testing

/// Every operator against plain loops over doubles; large enough shapes are cut into pieces for three threads.
@Suite struct OneDNNOperatorTests {
  private let backend = OneDNNBackend()

  init() throws { try TestHost.initialize(OneDNNPlugin.self) }

  static let activations = ["none", "relu", "sigmoid", "tanh", "gelu"]

  @Test(arguments: activations) func `linear with every activation, with and without bias`(activation: String) throws {
    for bias in [true, false] {
      for shape in [[5, 7], [1, 33], [64, 25], [3, 4, 9]] {
        for accumulates in [false, true] {
          let trial = KernelTrial(
            op: "linear", inputs: [shape],
            attributes: ["out": .int(13), "bias": .bool(bias), "activation": .string(activation)],
            accumulates: accumulates)
          try trial.verify(backend)
        }
      }
    }
  }

  @Test(
    arguments: [
      ([1, 1], 1), ([7, 1], 13), ([33, 13], 1), ([515, 129], 40), ([401, 41], 150),
    ]) func `linear cut into pieces`(shape: [Int], out: Int) throws
  {
    for activation in ["none", "relu", "gelu"] {
      for accumulates in [false, true] {
        try KernelTrial(
          op: "linear", inputs: [shape], attributes: ["out": .int(out), "activation": .string(activation)],
          accumulates: accumulates
        ).verify(backend)
      }
    }
  }

  @Test(arguments: [(0, 7), (1, 0), (1, 1), (1, 2), (0, 1)] as [(UInt64, UInt64)])
  func `linear writes wanted gradients alone`(inputs: UInt64, parameters: UInt64) throws {
    for activation in ["none", "tanh", "gelu"] {
      for rows in [9, 500] {
        try KernelTrial(
          op: "linear", inputs: [[rows, 65]], attributes: ["out": .int(70), "activation": .string(activation)],
          wantedInputs: inputs, wantedParameters: parameters
        ).verify(backend)
      }
    }
  }

  @Test(arguments: [false, true]) func `an empty batch writes zero parameter gradients or leaves them`(
    accumulates: Bool
  ) throws {
    try KernelTrial(op: "linear", inputs: [[0, 5]], attributes: ["out": .int(3)], accumulates: accumulates).verify(
      backend)
    try KernelTrial(
      op: "linear", inputs: [[0, 5]], attributes: ["out": .int(3), "activation": .string("gelu")],
      accumulates: accumulates
    ).verify(backend)
    try KernelTrial(op: "layer_norm", inputs: [[0, 5]], accumulates: accumulates).verify(backend)
    try KernelTrial(op: "matmul", inputs: [[0, 2, 3], [0, 3, 4]], accumulates: accumulates).verify(backend)
    try KernelTrial(op: "softmax", inputs: [[0, 5]], accumulates: accumulates).verify(backend)
    try KernelTrial(op: "gelu", inputs: [[0, 5]], accumulates: accumulates).verify(backend)
    try KernelTrial(op: "mul", inputs: [[0, 5], [0, 5]], accumulates: accumulates).verify(backend)
  }

  @Test(arguments: [(5, 7, 3, 9), (1, 1, 1, 1), (2, 33, 1, 8), (3, 1, 17, 1), (300, 20, 16, 31), (1, 40, 50, 60)])
  func `matmul with every transposition`(batch: Int, m: Int, k: Int, n: Int) throws {
    for transposeA in [false, true] {
      for transposeB in [false, true] {
        for accumulates in [false, true] {
          try KernelTrial(
            op: "matmul",
            inputs: [transposeA ? [batch, k, m] : [batch, m, k], transposeB ? [batch, n, k] : [batch, k, n]],
            attributes: ["transpose_a": .bool(transposeA), "transpose_b": .bool(transposeB)], accumulates: accumulates
          ).verify(backend)
        }
      }
    }
  }

  @Test(arguments: [1, 2, 0] as [UInt64]) func `matmul writes wanted gradients alone`(wanted: UInt64) throws {
    try KernelTrial(op: "matmul", inputs: [[7, 5, 3], [7, 3, 4]], wantedInputs: wanted).verify(backend)
  }

  @Test(arguments: [[5, 7], [1, 129], [3, 5, 33], [1500, 67], [4, 1]]) func `layer_norm on the last axis`(shape: [Int])
    throws
  {
    for accumulates in [false, true] {
      try KernelTrial(op: "layer_norm", inputs: [shape], accumulates: accumulates, tolerance: 2e-5).verify(backend)
      try KernelTrial(
        op: "layer_norm", inputs: [shape], attributes: ["eps": .double(0.1)], accumulates: accumulates, wantedInputs: 0
      ).verify(backend)
    }
  }

  @Test(arguments: [
    ([7, 13], -1), ([1, 1], 1), ([3, 4, 33], 1), ([3, 4, 33], 2), ([1500, 71], 1), ([300, 20, 16], 1),
  ])
  func `softmax on every axis behind the batch`(shape: [Int], axis: Int) throws {
    for accumulates in [false, true] {
      try KernelTrial(
        op: "softmax", inputs: [shape], attributes: ["axis": .int(axis)], scale: 20, accumulates: accumulates
      ).verify(backend)
    }
  }

  @Test(arguments: ["relu", "sigmoid", "tanh", "gelu"]) func `functions of single elements`(op: String) throws {
    for shape in [[5, 7], [1, 1], [3, 5, 33], [700, 301]] {
      for accumulates in [false, true] {
        try KernelTrial(op: op, inputs: [shape], scale: 6, accumulates: accumulates).verify(backend)
      }
    }
  }

  @Test(arguments: ["add", "sub", "mul"]) func `sums and products of equal shapes`(op: String) throws {
    for shape in [[5, 7], [1, 1], [3, 5, 33], [700, 301]] {
      for accumulates in [false, true] {
        try KernelTrial(op: op, inputs: [shape, shape], accumulates: accumulates).verify(backend)
      }
      try KernelTrial(op: op, inputs: [shape, shape], wantedInputs: 2).verify(backend)
    }
  }
}
