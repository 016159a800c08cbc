public import DMTCore

/// A tensor of a model that a checkpoint holds.
public struct ModelTensor {
  /// What a tensor is.
  public enum Role: Sendable, Hashable {
    case parameter
    /// State `name` of the optimizer for the parameter.
    case state(String)

    /// The tensor's name: `NAME` of its parameter, or `optimizer/NAME/STATE`.
    public func tensorName(_ parameter: String) -> String {
      switch self {
      case .parameter: parameter
      case .state(let state): "optimizer/\(parameter)/\(state)"
      }
    }
  }

  /// Name of the parameter, canonical at any layout: `over_arch.cross.0.weight`, `tables.user.weight`.
  public var parameter: String
  public var role: Role
  public var shape: [Int]
  public var dtype: DType
  public var memory: UnsafeMutableRawPointer
  /// Operator that gives the parameter its meaning, and its revision.
  public var op: String
  public var revision: Int

  /// `NAME`, or `optimizer/NAME/STATE`.
  public var name: String { role.tensorName(parameter) }

  /// Elements.
  public var count: Int { shape.reduce(1, *) }
  /// Bytes.
  public var byteCount: Int { count * dtype.byteCount }
}

extension Model {
  /// Everything that a checkpoint holds: parameters and tables, then the optimizers' states.
  public var tensors: [ModelTensor] {
    var result: [ModelTensor] = []
    for (index, parameter) in parameters.parameters.enumerated() {
      result.append(
        ModelTensor(
          parameter: parameter.name, role: .parameter, shape: parameter.shape.dims, dtype: settings.dtype,
          memory: parameters.value(index), op: parameter.op, revision: parameter.revision))
    }
    for (index, table) in plan.tables.enumerated() {
      let shape = [table.shape.rows, table.shape.dim]
      result.append(
        ModelTensor(
          parameter: table.parameterName, role: .parameter, shape: shape, dtype: settings.dtype,
          memory: tables.weight(index), op: ModelPlan.Table.op.name, revision: ModelPlan.Table.op.revision))
    }
    for dense in denseStates {
      let parameter = parameters.parameters[dense.parameter]
      result.append(
        ModelTensor(
          parameter: parameter.name, role: .state(dense.state.name), shape: parameter.shape.dims,
          dtype: settings.dtype, memory: dense.memory, op: parameter.op, revision: parameter.revision))
    }
    for (index, table) in plan.tables.enumerated() {
      for (position, state) in tables.states.enumerated() {
        result.append(
          ModelTensor(
            parameter: table.parameterName, role: .state(state.name),
            shape: state.isRowwise ? [table.shape.rows] : [table.shape.rows, table.shape.dim], dtype: settings.dtype,
            memory: tables.state(index, position), op: ModelPlan.Table.op.name, revision: ModelPlan.Table.op.revision))
      }
    }
    return result
  }

  /// The gradient of dense parameter `name` after ``forwardBackward(_:step:)``, or nil when there is no such one.
  public func gradient(ofParameter name: String) -> (memory: UnsafeMutableRawPointer, count: Int)? {
    guard let index = parameters.parameters.firstIndex(where: { $0.name == name }) else { return nil }
    return (parameters.gradient(index), parameters.count(index))
  }
}
