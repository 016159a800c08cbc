public import DMTCore

extension OptimizerSpec.State {
  /// Writes the state's initial value to memory that holds zeros.
  func writeInitialValue(to memory: UnsafeMutableRawPointer, count: Int, _ dtype: DType) {
    guard initialValue != 0 else { return }
    if dtype == .float64 {
      memory.assumingMemoryBound(to: Double.self).update(repeating: initialValue, count: count)
    } else {
      memory.assumingMemoryBound(to: Float.self).update(repeating: Float(initialValue), count: count)
    }
  }
}

/// The weights of the tables of a rank and the optimizer's state for them.
public final class TableStore {
  public let tables: [ModelPlan.Table]
  public let dtype: DType
  /// The optimizer's states for every table.
  public let states: [OptimizerSpec.State]
  private let weights: [UnsafeMutableRawPointer]
  private let stateMemory: [UnsafeMutableRawPointer]

  /// Initial weights follow from `seed` and the tables' names.
  public init(_ tables: [ModelPlan.Table], dtype: DType, optimizer: OptimizerSpec?, seed: UInt64) throws(DMTError) {
    self.tables = tables
    self.dtype = dtype
    states = try optimizer?.states() ?? []
    var weights: [UnsafeMutableRawPointer] = []
    var stateMemory: [UnsafeMutableRawPointer] = []
    for table in tables {
      let count = table.shape.rows * table.shape.dim
      let memory = AlignedMemory.zeros(count, dtype)
      if dtype == .float64 {
        table.writeInitialValues(to: memory.assumingMemoryBound(to: Double.self), seed: seed)
      } else {
        table.writeInitialValues(to: memory.assumingMemoryBound(to: Float.self), seed: seed)
      }
      weights.append(memory)
      for state in states {
        let size = state.isRowwise ? table.shape.rows : count
        let memory = AlignedMemory.zeros(size, dtype)
        state.writeInitialValue(to: memory, count: size, dtype)
        stateMemory.append(memory)
      }
    }
    self.weights = weights
    self.stateMemory = stateMemory
  }

  deinit {
    for memory in weights { memory.deallocate() }
    for memory in stateMemory { memory.deallocate() }
  }

  /// Weights of table `index`, rows x dim.
  public func weight(_ index: Int) -> UnsafeMutableRawPointer { weights[index] }

  /// State `state` of table `table`.
  public func state(_ table: Int, _ state: Int) -> UnsafeMutableRawPointer { stateMemory[table * states.count + state] }
}
