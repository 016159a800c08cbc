/// What most interaction modules begin with: their input as one row, or as vectors of one width.
extension GraphBuilder {
  /// The value as [B, N]: a tensor of more axes is flattened behind the batch.
  public func flattened(_ value: GraphValue) throws(DMTError) -> GraphValue {
    let shape = try shape(of: value)
    if shape.rank == 2 { return value }
    return try apply("reshape", ["shape": .ints([-1, shape.elementsPerSample])], value)
  }

  /// The value as [B, F, dim]: a matrix [B, N] is cut into vectors of `dim`.
  ///
  /// - Parameters:
  ///   - dim: width of one vector; nil where `value` is [B, F, D] already.
  ///   - owner: the module that asks, for messages.
  /// - Throws: ``DMTError/Code/shapeMismatch`` when the width is no multiple of `dim`.
  public func vectors(_ value: GraphValue, dim: Int?, owner: String) throws(DMTError) -> GraphValue {
    let shape = try shape(of: value)
    if shape.rank == 3 {
      if let dim, shape[2] != dim {
        throw DMTError(
          .shapeMismatch, "\(owner) got vectors of \(shape[2]) in \(shape), expected vectors of \(dim)",
          remedy: "make the embeddings or the towers' outputs \(dim) wide, or state their width as `dim`")
      }
      return value
    }
    guard shape.rank == 2, let dim, dim >= 1, shape[1] % dim == 0 else {
      throw DMTError(
        .shapeMismatch,
        "\(owner) got \(shape), expected [B, F, D] or [B, F D] with D = \(dim.map(String.init) ?? "`dim`")",
        remedy: "state `dim`, the width of one vector, so that it divides the towers' output")
    }
    return try apply("reshape", ["shape": .ints([-1, shape[1] / dim, dim])], value)
  }

  /// W X: each of `count` vectors a weighted sum of the n vectors of `value`; [B, n, d] -> [B, count, d].
  ///
  /// Parameter `NAME.weight` [count, n], no bias.
  public func mixedVectors(_ value: GraphValue, to count: Int, name: String) throws(DMTError) -> GraphValue {
    let columns = try apply("transpose", ["perm": .ints([0, 2, 1])], value)
    let mixed = try apply("linear", name: name, ["out": .int(count), "bias": .bool(false)], columns)
    return try apply("transpose", ["perm": .ints([0, 2, 1])], mixed)
  }

  /// A linear layer to one logit a sample; [B, N] -> [B].
  public func logit(_ value: GraphValue, name: String) throws(DMTError) -> GraphValue {
    let column = try apply("linear", name: name, ["out": .int(1)], value)
    return try apply("reshape", ["shape": .ints([-1])], column)
  }
}
