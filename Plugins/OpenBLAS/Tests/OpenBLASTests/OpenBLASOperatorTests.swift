internal import DMTPluginKit
internal import OpenBLAS
internal import Testing

/// Every operator against plain loops over doubles; large enough shapes are cut into pieces for three threads.
@Suite struct OpenBLASOperatorTests {
  private let backend = OpenBLASBackend()

  init() throws { try TestHost.initialize(OpenBLASPlugin.self) }

  @Test(arguments: ["none", "relu", "sigmoid", "tanh", "gelu"])
  func `linear with every activation, with and without bias`(activation: String) throws {
    for bias in [true, false] {
      for shape in [[5, 7], [1, 33], [64, 25], [3, 4, 9]] {
        for accumulates in [false, true] {
          try KernelTrial(
            op: "linear", inputs: [shape],
            attributes: ["out": .int(13), "bias": .bool(bias), "activation": .string(activation)], scale: 4,
            accumulates: accumulates
          ).verify(backend)
        }
      }
    }
  }

  @Test(
    arguments: [
      ([1, 1], 1), ([7, 1], 13), ([33, 13], 1), ([515, 129], 40), ([401, 41], 150),
    ]) func `linear cut into pieces`(shape: [Int], out: Int) throws
  {
    for (activation, accumulates) in [("none", true), ("relu", false), ("gelu", true)] {
      try KernelTrial(
        op: "linear", inputs: [shape], attributes: ["out": .int(out), "activation": .string(activation)],
        accumulates: accumulates
      ).verify(backend)
    }
  }

  @Test(arguments: [(0, 7), (1, 0), (1, 1), (1, 2), (0, 1), (3, 4), (2, 3)] as [(UInt64, UInt64)])
  func `wanted gradients alone are written`(inputs: UInt64, parameters: UInt64) throws {
    for rows in [9, 500] {
      for activation in ["none", "tanh", "gelu"] {
        try KernelTrial(
          op: "linear", inputs: [[rows, 65]], attributes: ["out": .int(70), "activation": .string(activation)],
          wantedInputs: inputs, wantedParameters: parameters
        ).verify(backend)
      }
      for rank in [0, 4] {
        try KernelTrial(
          op: "cross", inputs: [[rows, 33], [rows, 33]], attributes: ["rank": .int(rank)], wantedInputs: inputs,
          wantedParameters: parameters
        ).verify(backend)
      }
      try KernelTrial(
        op: "fm", inputs: [[rows, 5, 6]], attributes: ["k": .int(3)], wantedInputs: inputs, wantedParameters: parameters
      ).verify(backend)
    }
    try KernelTrial(op: "matmul", inputs: [[7, 5, 3], [7, 3, 4]], wantedInputs: inputs).verify(backend)
    try KernelTrial(op: "dot_interaction", inputs: [[7, 5, 3]], wantedInputs: inputs).verify(backend)
  }

  @Test(arguments: [false, true]) func `an empty batch writes zero parameter gradients or leaves them`(
    accumulates: Bool
  ) throws {
    for activation in ["none", "gelu"] {
      try KernelTrial(
        op: "linear", inputs: [[0, 5]], attributes: ["out": .int(3), "activation": .string(activation)],
        accumulates: accumulates
      ).verify(backend)
    }
    for rank in [0, 2] {
      try KernelTrial(
        op: "cross", inputs: [[0, 5], [0, 5]], attributes: ["rank": .int(rank)], accumulates: accumulates
      ).verify(backend)
    }
    try KernelTrial(op: "fm", inputs: [[0, 5, 3]], attributes: ["k": .int(2)], accumulates: accumulates).verify(backend)
    try KernelTrial(op: "matmul", inputs: [[0, 2, 3], [0, 3, 4]], accumulates: accumulates).verify(backend)
    try KernelTrial(op: "dot_interaction", inputs: [[0, 5, 3]], accumulates: accumulates).verify(backend)
  }

  @Test(arguments: [(5, 7, 3, 9), (1, 1, 1, 1), (2, 33, 1, 8), (3, 1, 17, 1), (300, 20, 16, 31), (1, 40, 50, 60)])
  func `matmul with every transposition`(batch: Int, m: Int, k: Int, n: Int) throws {
    for transposeA in [false, true] {
      for transposeB in [false, true] {
        try KernelTrial(
          op: "matmul",
          inputs: [transposeA ? [batch, k, m] : [batch, m, k], transposeB ? [batch, n, k] : [batch, k, n]],
          attributes: ["transpose_a": .bool(transposeA), "transpose_b": .bool(transposeB)],
          accumulates: transposeA != transposeB
        ).verify(backend)
      }
    }
  }

  @Test(arguments: [[1, 7], [33, 5], [5, 1], [501, 72]]) func `cross, full and with a rank`(shape: [Int]) throws {
    for rank in [0, 1, 3, 40] {
      for accumulates in [false, true] {
        try KernelTrial(
          op: "cross", inputs: [shape, shape], attributes: ["rank": .int(rank)], accumulates: accumulates
        ).verify(backend)
      }
    }
  }

  @Test(arguments: [([3, 5, 7], 4), ([1, 1, 1], 1), ([2, 9, 1], 3), ([1, 1, 5], 2), ([500, 13, 16], 8)])
  func `fm of samples`(shape: [Int], k: Int) throws {
    for accumulates in [false, true] {
      try KernelTrial(op: "fm", inputs: [shape], attributes: ["k": .int(k)], accumulates: accumulates).verify(backend)
    }
  }

  @Test(arguments: [[1, 2, 3], [3, 4, 1], [2, 27, 16], [33, 3, 8], [1100, 9, 13], [3, 5, 129]])
  func `dot_interaction of samples`(shape: [Int]) throws {
    for accumulates in [false, true] {
      try KernelTrial(op: "dot_interaction", inputs: [shape], accumulates: accumulates).verify(backend)
    }
  }
}
