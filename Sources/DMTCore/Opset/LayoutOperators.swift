/// `concat`: inputs one after the other along an axis.
public struct ConcatOperator: Operator {
  public let name = "concat"
  public let summary = "the inputs one after the other along `axis`"
  public let inputNames = ["0"]
  public let maximumInputs: Int? = nil
  public let attributes: AttributeSchema = [
    AttributeField("axis", .int, "The axis that grows; not the batch.", default: .int(1))
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    let axis = try normalised(axis: attributes.int("axis", default: 1), rank: inputs[0].rank)
    var dims = inputs[0].dims
    guard axis > 0 else { throw mismatch(inputs, expected: "an axis behind the batch") }
    for shape in inputs.dropFirst() {
      var other = shape.dims
      guard other.count == dims.count else { throw mismatch(inputs, expected: "equal numbers of axes") }
      let (sum, overflow) = dims[axis].addingReportingOverflow(other[axis])
      guard !overflow else { throw mismatch(inputs, expected: "extents whose sum can be counted") }
      dims[axis] = sum
      other[axis] = dims[axis]
      guard other == dims else { throw mismatch(inputs, expected: "equal extents but on axis \(axis)") }
    }
    return OperatorSignature(outputs: [Shape(dims)])
  }
}

/// `slice`: the part start ..< end of an axis.
public struct SliceOperator: Operator {
  public let name = "slice"
  public let summary = "x[.., start ..< end, ..] on `axis`"
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [
    AttributeField("axis", .int, "The axis that is cut; not the batch.", default: .int(1)),
    AttributeField("start", .int, "First index.", default: .int(0), minimum: 0),
    AttributeField("end", .int, "Index behind the last.", minimum: 1),
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    let axis = try normalised(axis: attributes.int("axis", default: 1), rank: inputs[0].rank)
    let start = try attributes.int("start", default: 0)
    let end = try attributes.int("end")
    guard axis > 0, start < end, end <= inputs[0][axis] else {
      throw mismatch(inputs, expected: "an axis behind the batch that holds \(start) ..< \(end)")
    }
    var dims = inputs[0].dims
    dims[axis] = end - start
    return OperatorSignature(outputs: [Shape(dims)])
  }
}

/// `reshape`: the same elements in another shape; the batch stays first.
public struct ReshapeOperator: Operator {
  public let name = "reshape"
  public let summary = "the same elements in another shape; the batch stays the first extent, written -1"
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [
    AttributeField("shape", .ints, "Extents; the first is -1, the batch.", minimum: -1)
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    var dims = try attributes.ints("shape")
    guard let first = dims.first, let batch = inputs[0].dims.first, first == -1 || first == batch,
      !dims.dropFirst().contains(where: { $0 < 1 }), dims.count <= Shape.maximumRank
    else {
      throw mismatch(inputs, expected: "a shape of -1 (the batch) and positive extents, found \(dims)")
    }
    dims[0] = batch
    let before = Shape(Array(inputs[0].dims.dropFirst())).elementsPerSample
    let after = Shape(Array(dims.dropFirst())).elementsPerSample
    guard before == after else {
      throw mismatch(inputs, expected: "\(after) elements a sample for \(Shape(dims)), found \(before)")
    }
    return OperatorSignature(outputs: [Shape(dims)])
  }
}

/// `transpose`: the axes in another order; the batch stays first.
public struct TransposeOperator: Operator {
  public let name = "transpose"
  public let summary = "the axes in the order of `perm`; the batch stays the first"
  public let inputNames = ["x"]
  public let attributes: AttributeSchema = [
    AttributeField("perm", .ints, "Axis i of the result is axis perm[i] of x; perm[0] is 0.", minimum: 0)
  ]

  public init() {}

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    let perm = try attributes.ints("perm")
    guard perm.sorted() == Array(0..<inputs[0].rank), perm.first == 0 else {
      throw mismatch(inputs, expected: "a permutation of its axes that keeps the first, found \(perm)")
    }
    return OperatorSignature(outputs: [Shape(perm.map { inputs[0][$0] })])
  }
}
