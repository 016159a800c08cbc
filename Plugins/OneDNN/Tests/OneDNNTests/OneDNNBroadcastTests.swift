internal import DMTPluginKit
internal import OneDNN
internal import Testing

/// `add`, `sub`, `mul` of different shapes against plain loops over doubles.
@Suite struct OneDNNBroadcastTests {
  private let backend = OneDNNBackend()

  init() throws { try TestHost.initialize(OneDNNPlugin.self) }

  static let operations = ["add", "sub", "mul"]

  /// Each pair in both orders, once writing and once adding gradients.
  private func verify(_ op: String, _ a: [Int], _ b: [Int], wanted: UInt64 = .max) throws {
    for inputs in [[a, b], [b, a]] {
      for accumulates in [false, true] {
        try KernelTrial(op: op, inputs: inputs, accumulates: accumulates, wantedInputs: wanted).verify(backend)
      }
    }
  }

  @Test(arguments: operations) func `one operand is repeated along the first, the last or a middle axis`(op: String)
    throws
  {
    for (a, b) in [
      ([7, 13], [13]), ([7, 13], [1, 13]), ([33, 7], [33, 1]), ([5, 3, 13], [5, 1, 13]), ([5, 3, 13], [3, 1]),
      ([5, 3, 16], [3, 16]), ([4, 3, 8], [4, 1, 1]), ([3, 70, 2], [3, 1, 2]), ([3, 9, 100], [1, 9, 1]),
    ] { try verify(op, a, b) }
  }

  @Test(arguments: operations) func `a single number is repeated everywhere`(op: String) throws {
    for shape in [[1, 129], [1, 7], [3, 5, 7], [2, 8]] {
      try verify(op, shape, [1])
      try verify(op, shape, [Int](repeating: 1, count: shape.count))
    }
  }

  @Test(arguments: operations) func `both operands are repeated`(op: String) throws {
    for (a, b) in [
      ([5, 3, 1], [5, 1, 13]), ([5, 1], [1, 7]), ([9, 1], [8]), ([1, 3, 1, 5], [2, 1, 4, 1]), ([6, 1, 4], [3, 1]),
    ] { try verify(op, a, b) }
  }

  @Test(arguments: operations) func `axes up to the greatest number alternate`(op: String) throws {
    try verify(op, [2, 3, 5, 2, 2, 3, 2, 3], [2, 1, 5, 1, 2, 1, 2, 1])
    try verify(op, [2, 3, 1, 2, 1, 3, 2, 3], [2, 1, 5, 1, 2, 1, 2, 1])
    try verify(op, [3, 2, 1, 9], [2, 4, 1])
  }

  @Test(arguments: operations) func `large shapes are cut into pieces`(op: String) throws {
    for (a, b) in [
      ([700, 301], [301]), ([700, 301], [700, 1]), ([700, 301], [1]), ([301, 1], [1, 700]), ([40, 97, 61], [97, 1]),
      ([40, 97, 61], [40, 1, 61]),
    ] { try verify(op, a, b) }
  }

  @Test(arguments: operations) func `shapes that differ in leading extents of 1 are alike`(op: String) throws {
    try verify(op, [1, 13], [13])
    try verify(op, [1, 1, 3, 5], [3, 5])
  }

  @Test(arguments: operations) func `a backward without one or both gradients`(op: String) throws {
    for wanted in [0, 1, 2] as [UInt64] {
      try verify(op, [7, 13], [13], wanted: wanted)
      try verify(op, [5, 3, 1], [5, 1, 13], wanted: wanted)
    }
  }

  @Test(arguments: operations) func `an operand repeated no times has gradient 0`(op: String) throws {
    try verify(op, [0, 5], [5])
    try verify(op, [0, 5], [1])
    try verify(op, [3, 0, 4], [3, 1, 4])
  }
}
