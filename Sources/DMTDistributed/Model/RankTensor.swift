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
  /// What is held: rows and columns of the tensor as a matrix of ``width`` columns.
  public var rows: Range<Int>
  public var columns: Range<Int>
  /// Columns of the whole tensor as a matrix: the product of all extents but the first, or 1, where a row is an element.
  public var width: Int
  /// The part, row-major.
  public var memory: UnsafeMutableRawPointer
  /// This rank answers for the part: it writes it to a checkpoint. Copies elsewhere are equal.
  public var isAnswered: Bool
  /// Operator that gives the parameter its meaning, and its revision.
  public var op: String
  public var revision: Int

  /// `NAME`, or `optimizer/NAME/STATE`.
  public var name: String { role.tensorName(parameter) }

  /// Elements of the whole tensor.
  public var count: Int { shape.reduce(1, *) }

  /// Bytes of the part.
  var byteCount: Int { rows.count * columns.count * dtype.byteCount }

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
    add(overArch, isAnswered: overArchExchange.isAnswered, to: &result)
    for tower in towers { add(tower.unit, isAnswered: tower.reduction.isAnswered, to: &result) }
    for lookup in rankFlow.lookups { add(lookup, to: &result) }
    return result
  }

  private func add(_ unit: DenseUnit, isAnswered: Bool, to result: inout [RankTensor]) {
    func tensor(_ part: ParameterPart, _ role: ModelTensor.Role, _ memory: UnsafeMutableRawPointer) -> RankTensor {
      let parameter = unit.parameters.parameters[part.parameter]
      // A part may begin and end within a row.
      return RankTensor(
        parameter: parameter.name, role: role, shape: parameter.shape.dims, dtype: settings.dtype, rows: part.elements,
        columns: 0..<1, width: 1, memory: memory, isAnswered: isAnswered, op: parameter.op, revision: parameter.revision
      )
    }
    for part in unit.parameters.parts { result.append(tensor(part, .parameter, part.value)) }
    for state in unit.optimizer?.states ?? [] {
      result.append(tensor(state.part, .state(state.state.name), state.memory))
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
          dtype: settings.dtype, rows: rows, columns: isRowwise ? 0..<1 : columns,
          width: isRowwise ? 1 : whole.dim, memory: memory,
          // One number a row is the same at all holders of its columns; the first of them answers.
          isAnswered: isAnswered && (!isRowwise || columns.lowerBound == 0), op: ModelPlan.Table.op.name,
          revision: ModelPlan.Table.op.revision)
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
    overArchExchange.parametersChanged()
    for tower in towers { tower.unit.parameters.version += 1 }
  }
}
