import DMTPluginKit

/// DHEN's layers: X_{i+1} = LN(ensemble(parts(X_i)) + shortcut(X_i)); [B, n, d] -> [B, n', d].
///
/// Every part gives l = `vectors` vectors of d (``InteractionPart``). `concat` puts them behind each other, n' = parts l;
/// `sum` adds them, n' = l. The shortcut is X where n = n', and W X otherwise. LN is over d. A layer that reads one vector
/// has no pairs: its `dot` part is left out.
///
/// Parameters of layer 0: `0.PART..`, `0.shortcut.weight` [n', n], `0.norm.weight` `0.norm.bias`.
struct DHENLayers {
  static let fields: [AttributeField] = [
    AttributeField("layers", .int, "Number of layers.", default: .int(1), minimum: 1, maximum: 1024),
    AttributeField(
      "parts", .strings, "The interactions of a layer.", choices: InteractionPart.allCases.map(\.rawValue)),
    AttributeField(
      "ensemble", .string, "The parts' vectors behind each other or added.", default: .string("concat"),
      choices: ["concat", "sum"]),
    AttributeField("vectors", .int, "Vectors that each part gives.", minimum: 1, maximum: 65_536),
    AttributeField(
      "k", .int, "Columns of Y in part `fm`: the rank of the factorisation machine.", default: .int(4), minimum: 1,
      maximum: 65_536),
    AttributeField("heads", .int, "Heads of part `attention`; they divide d.", default: .int(1), minimum: 1),
    AttributeField("rank", .int, "Rank of the product in part `cross`; 0: full.", default: .int(0), minimum: 0),
    AttributeField(
      "mlp", .ints, "Hidden widths of part `mlp`, relu after each; a layer to l d follows.", default: .ints([]),
      minimum: 1),
  ]

  private let layers: Int
  private let parts: [InteractionPart]
  private let isSum: Bool
  private let options: InteractionPart.Options

  /// - Throws: ``DMTError/Code/invalidArgument`` for parts that are missing or named twice.
  init(_ attributes: Attributes, owner: String) throws(DMTError) {
    layers = try attributes.int("layers", default: 1)
    isSum = try attributes.string("ensemble", default: "concat") == "sum"
    options = InteractionPart.Options(
      owner: owner, vectors: try attributes.int("vectors"), rankOfFM: try attributes.int("k", default: 4),
      heads: try attributes.int("heads", default: 1), rankOfCross: try attributes.int("rank", default: 0),
      mlp: try attributes.ints("mlp", default: []))
    let names = try attributes.strings("parts", default: [])
    parts = names.compactMap(InteractionPart.init)
    guard !parts.isEmpty, parts.count == names.count else {
      throw DMTError(
        .invalidArgument, "\(owner) has the parts \(names), expected one or more of its interactions",
        remedy: "state `parts`, any of \(InteractionPart.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    for (index, part) in parts.enumerated() where parts[..<index].contains(part) {
      throw DMTError(.invalidArgument, "\(owner) names part '\(part.rawValue)' twice", remedy: "keep one of them")
    }
  }

  /// Adds the layers; [B, n, d] -> [B, n', d].
  func expand(in graph: any GraphBuilder, _ x: GraphValue) throws(DMTError) -> GraphValue {
    var value = x
    for layer in 0..<layers { value = try expand(layer: "\(layer)", in: graph, value) }
    return value
  }

  private func expand(layer: String, in graph: any GraphBuilder, _ x: GraphValue) throws(DMTError) -> GraphValue {
    let count = try graph.shape(of: x)[1]
    let present = count == 1 ? parts.filter { $0 != .dot } : parts
    guard !present.isEmpty else {
      throw DMTError(
        .shapeMismatch, "\(options.owner): layer \(layer) reads one vector, and `dot`, its only part, needs a pair",
        remedy: "name another part beside `dot`, or give the tower a second feature")
    }
    var results: [GraphValue] = []
    for part in present {
      results.append(try part.expand(in: graph, x, name: "\(layer).\(part.rawValue)", options: options))
    }
    let ensemble: GraphValue
    if results.count == 1 {
      ensemble = results[0]
    } else if isSum {
      var sum = results[0]
      for result in results.dropFirst() { sum = try graph.apply("add", [:], sum, result) }
      ensemble = sum
    } else {
      ensemble = try graph.apply("concat", ["axis": .int(1)], inputs: results)
    }
    let width = isSum ? options.vectors : options.vectors * results.count
    let shortcut = count == width ? x : try graph.mixedVectors(x, to: width, name: "\(layer).shortcut")
    return try graph.apply("layer_norm", name: "\(layer).norm", [:], try graph.apply("add", [:], ensemble, shortcut))
  }
}
