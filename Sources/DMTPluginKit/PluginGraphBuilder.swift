internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// The host's graph builder as a ``GraphBuilder``: a module written for the core runs in a plugin as it is.
final class PluginGraphBuilder: GraphBuilder {
  private let graph: dmt_graph

  init(_ graph: dmt_graph) { self.graph = graph }

  func shape(of value: GraphValue) throws(DMTError) -> Shape {
    guard let shape = graph.shape else { throw unavailable("shapes") }
    var result = dmt_shape()
    try check(shape(graph.ctx, value.id, &result), "the shape of a value")
    return try Shape(copying: result, "value \(value.id)")
  }

  func operation(
    _ op: String, name: String, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> [GraphValue] {
    guard let operation = graph.operation else { throw unavailable("operators") }
    let arena = ContractArena()
    var attributes = arena.attributes(attributes)
    var outputs = [dmt_value](repeating: -1, count: Int(DMT_MAX_OUTPUTS))
    var count: Int32 = 0
    let ids = inputs.map(\.id)
    let status = operation(
      graph.ctx, arena.text(op), arena.text(name), &attributes, ids, Int32(clamping: ids.count), &outputs,
      Int32(outputs.count), &count)
    try check(status, "operator \(op)")
    guard count >= 0, count <= DMT_MAX_OUTPUTS else {
      throw DMTError(.internalError, "the host answers \(count) results of operator \(op)")
    }
    return outputs.prefix(Int(count)).map { GraphValue(id: $0) }
  }

  func module(
    _ module: String, name: String, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    guard let expand = graph.module else { throw unavailable("modules") }
    let arena = ContractArena()
    var attributes = arena.attributes(attributes)
    var output: dmt_value = -1
    let ids = inputs.map(\.id)
    let status = expand(
      graph.ctx, arena.text(module), arena.text(name), &attributes, ids, Int32(clamping: ids.count), &output)
    try check(status, "module \(module)")
    return GraphValue(id: output)
  }

  func constant(_ value: Double, columns: Int) throws(DMTError) -> GraphValue {
    guard let constant = graph.constant else { throw unavailable("constants") }
    var output: dmt_value = -1
    try check(constant(graph.ctx, value, Int64(columns), &output), "a constant")
    return GraphValue(id: output)
  }

  /// The host knows its own error and prefers it to this one.
  private func check(_ status: dmt_status, _ what: String) throws(DMTError) {
    if status != DMT_OK {
      throw DMTError(DMTError.Code(status: status), "\(what): the host refused it (\(statusName(status)))")
    }
  }

  private func unavailable(_ what: String) -> DMTError {
    DMTError(.unsupported, "this host's graph builder has no \(what)")
  }
}
