public import DMTCore

/// A tensor of a case: its shape and its elements in double, which hold every float32 exactly.
public struct CaseTensor: Sendable, Hashable {
  public var shape: Shape
  /// The elements, row-major; as many as the shape says.
  public var values: [Double]

  public init(shape: Shape, values: [Double]) {
    self.shape = shape
    self.values = values
  }
}

/// A jagged input of a case: bag b holds values[offsets[b]] .. values[offsets[b + 1] - 1].
public struct CaseBags: Sendable, Hashable {
  /// Row numbers.
  public var values: [Int64]
  /// One more than there are bags.
  public var offsets: [Int64]
  /// A factor for every row number, or nil.
  public var weights: [Float]?

  public init(values: [Int64], offsets: [Int64], weights: [Float]? = nil) {
    self.values = values
    self.offsets = offsets
    self.weights = weights
  }

  /// The number of bags.
  public var count: Int { max(offsets.count - 1, 0) }
}

/// The key of the random numbers that a case was made with.
public struct CaseKey: Sendable, Hashable, Decodable {
  public var seed: UInt64
  public var step: UInt32
  /// The node's name.
  public var node: String

  public init(seed: UInt64 = 0, step: UInt32 = 0, node: String = "case") {
    self.seed = seed
    self.step = step
    self.node = node
  }
}
