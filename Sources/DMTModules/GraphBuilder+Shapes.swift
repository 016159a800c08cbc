import DMTCore

extension GraphBuilder {
  /// The value as [B, N]: a tensor of more axes is flattened behind the batch.
  func flattened(_ value: GraphValue) throws(DMTError) -> GraphValue {
    let shape = try shape(of: value)
    if shape.rank == 2 { return value }
    return try apply("reshape", ["shape": .ints([-1, shape.elementsPerSample])], value)
  }

  /// The value as [B, F, dim]: a matrix [B, N] is cut into vectors of `dim`.
  ///
  /// - Throws: ``DMTError/Code/shapeMismatch`` when the width is no multiple of `dim`.
  func vectors(_ value: GraphValue, dim: Int?, owner: String) throws(DMTError) -> GraphValue {
    let shape = try shape(of: value)
    if shape.rank == 3 {
      if let dim, shape[2] != dim {
        throw DMTError(
          .shapeMismatch, "\(owner) got vectors of \(shape[2]) in \(shape), expected vectors of \(dim)",
          remedy: "make the embeddings or the towers' `dim` as wide as the bottom's last width")
      }
      return value
    }
    guard shape.rank == 2, let dim, shape[1] % dim == 0 else {
      throw DMTError(
        .shapeMismatch,
        "\(owner) got \(shape), expected [B, F, D] or [B, F D] with D = \(dim.map(String.init) ?? "`dim`")",
        remedy: "state `dim`, the width of one vector, so that it divides the towers' output")
    }
    return try apply("reshape", ["shape": .ints([-1, shape[1] / dim, dim])], value)
  }

  /// A linear layer to one logit a sample; [B, N] -> [B].
  func logit(_ value: GraphValue, name: String) throws(DMTError) -> GraphValue {
    let column = try apply("linear", name: name, ["out": .int(1)], value)
    return try apply("reshape", ["shape": .ints([-1])], column)
  }
}
