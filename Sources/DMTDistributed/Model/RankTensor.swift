public import DMTCore
public import DMTRuntime

/// A tensor of a model as far as a rank holds it.
public struct RankTensor {
  /// Name of the parameter, canonical at any layout.
  public var parameter: String
  public var role: ModelTensor.Role
  /// Extents of the whole tensor.
  public var shape: [Int]
  public var dtype: DType
  /// What is held: rows and columns of the tensor as a matrix [first extent, product of the others].
  public var rows: Range<Int>
  public var columns: Range<Int>
  /// The part, row-major.
  public var memory: UnsafeMutableRawPointer
  /// This rank answers for the part: it writes it to a checkpoint. Copies elsewhere are equal.
  public var isAnswered: Bool
  /// Operator that gives the parameter its meaning, and its revision.
  public var op: String
  public var revision: Int

  /// `NAME`, or `optimizer/NAME/STATE`.
  public var name: String {
    switch role {
    case .parameter: parameter
    case .state(let state): "optimizer/\(parameter)/\(state)"
    }
  }

  /// Elements of the whole tensor.
  public var count: Int { shape.reduce(1, *) }
  /// Columns of the whole tensor as a matrix.
  public var width: Int { shape.isEmpty ? 1 : shape.dropFirst().reduce(1, *) }

  /// Takes the part out of the whole tensor.
  public func load(from whole: UnsafeRawPointer) {
    forEachRun { offset, part, bytes in part.copyMemory(from: whole + offset, byteCount: bytes) }
  }

  /// Puts the part into the whole tensor.
  public func store(to whole: UnsafeMutableRawPointer) {
    forEachRun { offset, part, bytes in (whole + offset).copyMemory(from: part, byteCount: bytes) }
  }

  /// The part in pieces that are consecutive in the whole: offset there, place here, bytes.
  private func forEachRun(_ body: (Int, UnsafeMutableRawPointer, Int) -> Void) {
    let size = dtype.byteCount
    if columns.count == width {
      body(rows.lowerBound * width * size, memory, rows.count * width * size)
      return
    }
    for (index, row) in rows.enumerated() {
      body(
        (row * width + columns.lowerBound) * size, memory + index * columns.count * size, columns.count * size)
    }
  }
}

extension RankModel {
  /// Everything that this rank holds of a checkpoint: its parts of parameters and tables and the optimizers' states for them.
  public var tensors: [RankTensor] {
    var result: [RankTensor] = []
    add(overArch, isAnswered: rank == 0, to: &result)
    for tower in towers { add(tower.unit, isAnswered: links.groups.place(of: rank) == 0, to: &result) }
    for lookup in rankFlow.lookups { add(lookup, to: &result) }
    return result
  }

  private func add(_ unit: DenseUnit, isAnswered: Bool, to result: inout [RankTensor]) {
    func tensor(_ index: Int, _ role: ModelTensor.Role, _ memory: UnsafeMutableRawPointer) -> RankTensor {
      let parameter = unit.parameters.parameters[index]
      let shape = parameter.shape.dims
      let rows = shape.first ?? 1
      return RankTensor(
        parameter: parameter.name, role: role, shape: shape, dtype: settings.dtype, rows: 0..<rows,
        columns: 0..<(rows == 0 ? 0 : unit.parameters.count(index) / rows), memory: memory, isAnswered: isAnswered,
        op: parameter.op, revision: parameter.revision)
    }
    for index in unit.parameters.parameters.indices {
      result.append(tensor(index, .parameter, unit.parameters.value(index)))
    }
    for state in unit.optimizer?.states ?? [] {
      result.append(tensor(state.parameter, .state(state.state.name), state.memory))
    }
  }

  private func add(_ lookup: LookupStage, to result: inout [RankTensor]) {
    for (index, table) in lookup.store.tables.enumerated() {
      let whole = table.region?.whole ?? table.shape
      let rows = table.region?.rows ?? 0..<table.shape.rows
      let columns = table.region?.columns ?? 0..<table.shape.dim
      let isAnswered = !lookup.isReplicated || rank == 0
      func tensor(_ role: ModelTensor.Role, isRowwise: Bool, _ memory: UnsafeMutableRawPointer) -> RankTensor {
        RankTensor(
          parameter: table.parameterName, role: role, shape: isRowwise ? [whole.rows] : [whole.rows, whole.dim],
          dtype: settings.dtype, rows: rows, columns: isRowwise ? 0..<1 : columns, memory: memory,
          // One number a row is the same at all holders of its columns; the first of them answers.
          isAnswered: isAnswered && (!isRowwise || columns.lowerBound == 0), op: "embedding_bag", revision: 1)
      }
      result.append(tensor(.parameter, isRowwise: false, lookup.store.weight(index)))
      for (position, state) in lookup.store.states.enumerated() {
        result.append(
          tensor(.state(state.name), isRowwise: state.isRowwise, lookup.store.state(index, position)))
      }
    }
  }

  /// Says that parameters were written from outside (a checkpoint): what kernels packed is stale.
  public func parametersChanged() {
    overArch.parameters.version += 1
    for tower in towers { tower.unit.parameters.version += 1 }
  }
}
