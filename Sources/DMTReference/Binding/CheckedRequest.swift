import DMTCore

/// A request whose shapes are known to be sane, with the checks that every operator makes on it.
struct CheckedRequest {
  let request: KernelRequest

  /// - Throws: ``DMTError/Code/invalidArgument`` for a rank or an extent that no tensor can have, which keeps every
  ///   later product of extents from overflowing.
  init(_ request: KernelRequest) throws(DMTError) {
    for (kind, shapes) in [
      ("input", request.inputs), ("parameter", request.parameters), ("output", request.outputs),
    ] {
      for (index, shape) in shapes.enumerated() where !Self.isSane(shape) {
        throw DMTError(
          .invalidArgument,
          "operator \(request.op): \(kind) \(index) has shape \(shape.dims), expected at most \(Shape.maximumRank) "
            + "extents of 0 to \(Int32.max)")
      }
    }
    self.request = request
  }

  /// Extents fit 31 bits and their product (zeros aside) 48, so that bytes and index arithmetic fit 63.
  private static func isSane(_ shape: Shape) -> Bool {
    guard shape.rank <= Shape.maximumRank else { return false }
    var product = 1
    for extent in shape.dims {
      guard extent >= 0, extent <= Int(Int32.max) else { return false }
      let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, next < 1 << 48 else { return false }
      product = next
    }
    return true
  }

  var op: String { request.op }
  var attributes: Attributes { request.attributes }
  var isTraining: Bool { request.isTraining }

  /// Elements of a tensor of this shape.
  static func count(_ shape: Shape) -> Int { shape.dims.reduce(1, *) }

  /// The shape of input `index`; ``expect(inputs:parameters:)`` has been called with more than `index`.
  func input(_ index: Int) -> Shape { request.inputs[index] }

  /// Checks how many tensors the request has; there is always one output.
  func expect(inputs: Int, parameters: Int = 0) throws(DMTError) {
    try expect("inputs", found: request.inputs.count, expected: inputs)
    try expect("parameters", found: request.parameters.count, expected: parameters)
    try expect("outputs", found: request.outputs.count, expected: 1)
  }

  private func expect(_ what: String, found: Int, expected: Int) throws(DMTError) {
    guard found == expected else {
      throw DMTError(.shapeMismatch, "operator \(op) has \(found) \(what), expected \(expected)")
    }
  }

  /// Checks the shape of the output.
  func expect(output shape: Shape) throws(DMTError) {
    guard request.outputs.first == shape else {
      let found = request.outputs.first?.description ?? "nothing"
      throw DMTError(.shapeMismatch, "operator \(op): the output is \(found), expected \(shape)")
    }
  }

  /// Checks the shape of parameter `index`, called `name`.
  func expect(parameter index: Int, _ name: String, _ shape: Shape) throws(DMTError) {
    guard request.parameters[index] == shape else {
      throw DMTError(
        .shapeMismatch, "operator \(op): parameter \(name) is \(request.parameters[index]), expected \(shape)")
    }
  }

  /// Checks that input `index` has `rank` extents.
  func expect(input index: Int, rank: Int) throws(DMTError) {
    guard request.inputs[index].rank == rank else {
      throw shapeError(input: index, "\(rank) extents")
    }
  }

  /// An error about the shape of input `index`.
  func shapeError(input index: Int, _ expected: String) -> DMTError {
    DMTError(.shapeMismatch, "operator \(op): input \(index) is \(request.inputs[index]), expected \(expected)")
  }

  /// An error about attribute `name`.
  func attributeError(_ name: String, _ expected: String) -> DMTError {
    let found = attributes[name]?.description ?? "missing"
    return DMTError(.invalidArgument, "operator \(op): attribute '\(name)' is \(found), expected \(expected)")
  }

  /// `axis` of a tensor with `rank` axes, counted from the front; -1 is the last one.
  func axis(_ axis: Int, rank: Int, attribute: String = "axis") throws(DMTError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw attributeError(attribute, "an axis of a tensor with \(rank) axes")
    }
    return axis < 0 ? axis + rank : axis
  }
}
