/// `add`, `sub`, `mul`: element by element, with NumPy's broadcasting.
public struct BroadcastOperator: Operator {
  public let name: String
  public let summary: String
  public let inputNames = ["a", "b"]
  private let readsInputs: Bool

  public init(name: String, sign: String, readsInputs: Bool = false) {
    self.name = name
    self.summary = "a \(sign) b, extents of 1 and missing leading extents repeated"
    self.readsInputs = readsInputs
  }

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    guard let shape = Shape.broadcast(inputs[0], inputs[1]) else {
      throw mismatch(inputs, expected: "extents that are equal or 1, compared from the last axis")
    }
    return OperatorSignature(outputs: [shape], backwardReadsInputs: readsInputs ? 3 : 0)
  }
}

extension Shape {
  /// NumPy's broadcast of two shapes, or nil when they do not fit.
  public static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    var dims: [Int] = []
    for offset in 1...max(a.rank, b.rank, 1) where offset <= max(a.rank, b.rank) {
      let left = offset <= a.rank ? a[a.rank - offset] : 1
      let right = offset <= b.rank ? b[b.rank - offset] : 1
      guard left == right || left == 1 || right == 1 else { return nil }
      dims.append(left == 1 ? right : left)
    }
    return Shape(dims.reversed())
  }
}
