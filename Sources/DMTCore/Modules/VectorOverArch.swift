/// The ends of an over-arch that works on vectors: what comes before its layers and what follows them.
///
/// Before: x as vectors of one width d, the dense features mapped to d as one more vector, the first. After: an MLP on all
/// vectors side by side, and one logit. Parameters `bottom.0.weight` .. (with dense features), `top.0.weight` ...
public enum VectorOverArch {
  /// `dim`, `bottom`, `top`, `dropout`: the attributes to be joined to the module's own.
  public static let fields: [AttributeField] = [
    AttributeField(
      "dim", .int, "Width d of one vector, where x is [B, F d].", isOptional: true, minimum: 1),
    AttributeField(
      "bottom", .ints, "Hidden widths of the MLP on the dense features, relu after each; a linear layer to d follows.",
      default: .ints([]), minimum: 1),
    AttributeField(
      "top", .ints, "Hidden widths of the MLP behind the layers, relu after each; one to the logit follows.",
      default: .ints([]), minimum: 1),
    AttributeField(
      "dropout", .double, "Probability of zero after every hidden layer of the top.", default: .double(0), minimum: 0,
      maximum: 1),
  ]

  /// The vectors that the layers read; x [B, F, d] or [B, F d] and perhaps dense [B, m] -> [B, F or F + 1, d].
  ///
  /// - Throws: ``DMTError/Code/shapeMismatch`` when x cannot be cut into vectors.
  public static func vectors(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue], owner: String
  ) throws(DMTError) -> GraphValue {
    guard let first = inputs.first else {
      throw DMTError(.shapeMismatch, "\(owner) got no input, expected x and perhaps dense features")
    }
    let stated = attributes["dim"] == nil ? nil : try attributes.int("dim")
    let x = try graph.vectors(first, dim: stated, owner: owner)
    guard inputs.count > 1 else { return x }
    let dim = try graph.shape(of: x)[2]
    let dense = try graph.module(
      "mlp", name: "bottom", attributes: ["widths": .ints(try attributes.ints("bottom", default: []) + [dim])],
      inputs: [inputs[1]])
    let vector = try graph.apply("reshape", ["shape": .ints([-1, 1, dim])], dense)
    return try graph.apply("concat", ["axis": .int(1)], vector, x)
  }

  /// The logit of the vectors that the layers give; [B, n, d] -> [B].
  public static func logit(
    in graph: any GraphBuilder, attributes: Attributes, vectors: GraphValue
  ) throws(DMTError) -> GraphValue {
    let top = try attributes.ints("top", default: [])
    let hidden = try graph.module(
      "mlp", name: "top",
      attributes: [
        "widths": .ints(top), "last_activation": .string("relu"),
        "dropout": .double(try attributes.double("dropout", default: 0)),
      ], inputs: [try graph.flattened(vectors)])
    return try graph.logit(hidden, name: "top.\(top.count)")
  }
}

/// The ends of a tower module that works on vectors.
public enum VectorTower {
  /// `out`: the attribute to be joined to the module's own.
  public static let fields: [AttributeField] = [
    AttributeField("out", .int, "Width of the tower's result.", minimum: 1)
  ]

  /// The layers of a tower between its features and one linear layer; [B, F, N] -> [B, out].
  ///
  /// A tower of one feature that is already `out` wide has nothing to cross and nothing to compress: it passes through.
  ///
  /// - Parameters:
  ///   - owner: the module's name, for messages.
  ///   - layers: adds the module's layers to the graph; [B, F, N] -> [B, n, N].
  /// - Throws: ``DMTError/Code/shapeMismatch`` when the features are not of one width.
  public static func expand(
    in graph: any GraphBuilder, attributes: Attributes, input: GraphValue, owner: String,
    layers: (GraphValue) throws(DMTError) -> GraphValue
  ) throws(DMTError) -> GraphValue {
    let shape = try graph.shape(of: input)
    guard shape.rank == 3 else {
      throw DMTError(
        .shapeMismatch, "\(owner) got \(shape), expected [B, F, N], features of one width",
        remedy: "give all features of the tower the same `dim`")
    }
    let out = try attributes.int("out")
    if shape[1] == 1, shape[2] == out { return try graph.flattened(input) }
    return try graph.apply("linear", name: "out", ["out": .int(out)], try graph.flattened(try layers(input)))
  }
}
