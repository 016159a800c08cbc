/// A part of a graph as a graph of its own.
package struct GraphPart: Sendable {
  /// The part. Its nodes and parameters have the names that they have in the whole, so that initial values, random numbers
  /// and checkpoints are the same.
  package var graph: Graph
  /// The part's index of a value of the whole; only for values that are in the part.
  package var values: [Int: Int]
}

extension Graph {
  /// The nodes that `outputs` depend on, as far as `inputs`, which are given from outside instead of computed.
  ///
  /// - Parameter inputs: values of this graph that the part reads as inputs, whose gradients are wanted.
  package func part(outputs: [Int], inputs: [Int]) -> GraphPart {
    let given = Set(inputs)
    var needed = Set(outputs)
    var nodeIndices: [Int] = []
    for index in nodes.indices.reversed()
    where nodes[index].outputs.contains(where: { needed.contains($0) && !given.contains($0) }) {
      nodeIndices.append(index)
      needed.formUnion(nodes[index].inputs)
    }
    nodeIndices.reverse()

    var part = Graph()
    var valueMap: [Int: Int] = [:]
    var parameterMap: [Int: Int] = [:]
    func take(_ value: Int) -> Int {
      if let known = valueMap[value] { return known }
      var copy = values[value]
      if given.contains(value) { copy.source = .input(needsGradient: true) }
      part.values.append(copy)
      valueMap[value] = part.values.count - 1
      return part.values.count - 1
    }
    for input in inputs { _ = take(input) }
    for index in nodeIndices {
      var node = nodes[index]
      node.inputs = node.inputs.map(take)
      node.outputs = node.outputs.enumerated().map { position, output in
        let mapped = take(output)
        part.values[mapped].source = .node(part.nodes.count, output: position)
        return mapped
      }
      node.parameters = node.parameters.map { parameter in
        if let known = parameterMap[parameter] { return known }
        part.parameters.append(parameters[parameter])
        parameterMap[parameter] = part.parameters.count - 1
        return part.parameters.count - 1
      }
      part.nodes.append(node)
    }
    for output in outputs { _ = take(output) }
    return GraphPart(graph: part, values: valueMap)
  }
}
