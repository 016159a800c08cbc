import DMTCore

/// Which values share memory: a reshape, and dropout outside training, change nothing and are no step of a program.
struct StorageMap {
  /// Storage of each value.
  private(set) var storage: [Int]
  /// Nodes that only give their input another shape.
  private(set) var isAlias: [Bool]

  init(graph: Graph, isTraining: Bool) {
    storage = Array(graph.values.indices)
    isAlias = Array(repeating: false, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      guard node.op.name == "reshape" || (node.op.name == "dropout" && !isTraining) else { continue }
      isAlias[index] = true
      storage[node.outputs[0]] = storage[node.inputs[0]]
    }
  }
}
