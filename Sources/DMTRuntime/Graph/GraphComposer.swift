public import DMTCore

/// Builds a ``Graph``: expands modules scope by scope, checks shapes at every node, names nodes and parameters.
public final class GraphComposer: GraphBuilder {
  /// What has been built so far.
  public private(set) var graph = Graph()
  private let components: Components
  private var scope: [String] = []
  private var nodeNames: Set<String> = []
  private var unnamed: [String: Int] = [:]
  private var constants: [String: GraphValue] = [:]
  /// Modules that are being expanded, to find one that contains itself.
  private var openModules: [String] = []

  private static let maximumDepth = 32

  public init(components: Components) { self.components = components }

  /// Adds a tensor that is given from outside.
  public func input(_ name: String, shape: Shape, needsGradient: Bool) -> GraphValue {
    append(Graph.Value(name: name, shape: shape, source: .input(needsGradient: needsGradient)))
  }

  public func shape(of value: GraphValue) throws(DMTError) -> Shape {
    try checked(value).shape
  }

  public func constant(_ value: Double, columns: Int) throws(DMTError) -> GraphValue {
    guard columns >= 1 else {
      throw DMTError(.invalidArgument, "a constant has \(columns) columns, expected 1 or more")
    }
    let name = "constant(\(value), \(columns))"
    if let known = constants[name] { return known }
    let result = append(Graph.Value(name: name, shape: [Shape.batch, columns], source: .constant(value)))
    constants[name] = result
    return result
  }

  public func operation(
    _ op: String, name: String, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> [GraphValue] {
    let nodeName = uniqueName(op: op, name: name)
    guard let definition = components.operators[op] else {
      throw DMTError(
        .notFound, "no operator '\(op)' is known", place: .init(node: nodeName),
        remedy: Spelling.suggestion(for: op, in: components.operators.keys))
    }
    var shapes: [Shape] = []
    for input in inputs { shapes.append(try checked(input).shape) }
    let checkedResult: (signature: OperatorSignature, attributes: Attributes)
    do {
      checkedResult = try definition.checkedSignature(inputs: shapes, attributes: attributes)
    } catch {
      throw describing(error, node: nodeName, inputs: inputs)
    }
    let prefix = (scope + (name.isEmpty ? [] : [name])).joined(separator: ".")
    let parameters = try checkedResult.signature.parameters.map { spec throws(DMTError) -> Int in
      try addParameter(spec, name: prefix.isEmpty ? spec.name : "\(prefix).\(spec.name)", op: definition)
    }
    let index = graph.nodes.count
    let outputs = checkedResult.signature.outputs.enumerated().map { output, shape in
      append(
        Graph.Value(
          name: checkedResult.signature.outputs.count == 1 ? nodeName : "\(nodeName):\(output)", shape: shape,
          source: .node(index, output: output)))
    }
    graph.nodes.append(
      Graph.Node(
        name: nodeName, op: definition, attributes: checkedResult.attributes, inputs: inputs.map { Int($0.id) },
        outputs: outputs.map { Int($0.id) }, parameters: parameters, signature: checkedResult.signature))
    nodeNames.insert(nodeName)
    return outputs
  }

  public func module(
    _ module: String, name: String, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let path = (scope + (name.isEmpty ? [] : [name])).joined(separator: ".")
    guard let definition = components.modules[module] else {
      throw DMTError(
        .notFound, "no module '\(module)' is known", place: .init(node: path),
        remedy: Spelling.suggestion(for: module, in: components.modules.keys)
          + "; `dmt plugin list --why` shows the plugins that were looked at")
    }
    guard openModules.count < Self.maximumDepth else {
      throw DMTError(
        .invalidArgument,
        "modules are nested deeper than \(Self.maximumDepth): \(openModules.joined(separator: " > "))",
        place: .init(node: path), remedy: "a module must not contain itself")
    }
    guard inputs.count >= definition.minimumInputs, inputs.count <= definition.maximumInputs ?? Int.max else {
      let (least, most) = (definition.minimumInputs, definition.maximumInputs)
      let expected = most == least ? "\(least)" : "\(least) " + (most.map { "to \($0)" } ?? "or more")
      throw describing(
        DMTError(
          .shapeMismatch, "module \(module) got \(inputs.count) inputs, expected \(expected)",
          remedy: "take a module that reads as many"), node: path, inputs: inputs)
    }
    if !name.isEmpty { scope.append(name) }
    openModules.append(module)
    graph.modules.insert(module)
    defer {
      if !name.isEmpty { scope.removeLast() }
      openModules.removeLast()
    }
    do {
      let validated = try definition.attributes.validated(attributes, owner: "module \(module)")
      let output = try definition.expand(in: self, attributes: validated, inputs: inputs)
      _ = try checked(output)
      return output
    } catch {
      throw describing(error, node: path, inputs: inputs).at(.init(component: module))
    }
  }

  // MARK: - Parts

  private func append(_ value: Graph.Value) -> GraphValue {
    graph.values.append(value)
    return GraphValue(id: Int32(graph.values.count - 1))
  }

  private func checked(_ value: GraphValue) throws(DMTError) -> Graph.Value {
    guard value.id >= 0, Int(value.id) < graph.values.count else {
      throw DMTError(.invalidArgument, "value \(value.id) does not exist in this graph")
    }
    return graph.values[Int(value.id)]
  }

  private func addParameter(_ spec: ParameterSpec, name: String, op: any Operator) throws(DMTError) -> Int {
    if graph.parameters.contains(where: { $0.name == name }) {
      throw DMTError(
        .alreadyExists, "two nodes have a parameter '\(name)'", remedy: "give the nodes of a module different names")
    }
    graph.parameters.append(
      Graph.Parameter(
        name: name, shape: spec.shape, initializer: spec.initializer, op: op.name, revision: op.revision))
    return graph.parameters.count - 1
  }

  private func uniqueName(op: String, name: String) -> String {
    let prefix = scope.joined(separator: ".")
    let wanted = ([prefix, name.isEmpty ? op : name].filter { !$0.isEmpty }).joined(separator: ".")
    guard nodeNames.contains(wanted) else { return wanted }
    var counter = unnamed[wanted, default: 1]
    while nodeNames.contains("\(wanted)_\(counter)") { counter += 1 }
    unnamed[wanted] = counter
    return "\(wanted)_\(counter)"
  }

  /// The error with the names and shapes of the values that were read.
  private func describing(_ error: DMTError, node: String, inputs: [GraphValue]) -> DMTError {
    var error = error.at(.init(node: node))
    // The innermost node says it; the modules around it read other tensors.
    if error.code == .shapeMismatch, !error.message.contains("; it reads ") {
      let values = inputs.compactMap { try? checked($0) }
      error.message += "; it reads " + values.map { "'\($0.name)' \($0.shape)" }.joined(separator: " and ")
    }
    return error
  }
}
