public import CDMTPlugin
public import DMTCore

extension ContractArena {
  /// A bind request for an update rule as the contract writes it.
  public func request(_ request: OptimizerRequest) -> dmt_optimizer_request {
    var result = dmt_optimizer_request()
    result.struct_size = SizedStruct.size(of: dmt_optimizer_request.self)
    result.dtype = request.dtype.contractType
    result.threads = Int32(clamping: request.threads)
    result.attributes = attributes(request.attributes)
    return result
  }

  /// The states of an update rule as the contract writes them.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for more states than a rule may have.
  public func layout(_ layout: OptimizerLayout) throws(DMTError) -> dmt_optimizer_layout {
    var result = dmt_optimizer_layout()
    result.struct_size = SizedStruct.size(of: dmt_optimizer_layout.self)
    guard layout.states.count <= Int(DMT_MAX_STATES) else {
      throw DMTError(.invalidArgument, "\(layout.states.count) states, expected 0 to \(DMT_MAX_STATES)")
    }
    result.state_count = Int32(layout.states.count)
    result.row_sum_count = Int32(clamping: layout.rowSumCount)
    withUnsafeMutableBytes(of: &result.states) { bytes in
      let states = bytes.bindMemory(to: dmt_optimizer_state.self)
      for (index, state) in layout.states.enumerated() {
        states[index] = dmt_optimizer_state(
          name: text(state.name), initial_value: state.initialValue,
          layout: state.isRowwise ? DMT_STATE_PER_ROW : DMT_STATE_PER_ELEMENT, reserved: 0)
      }
    }
    return result
  }
}

extension OptimizerLayout {
  /// A copy of the states from the other side.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for counts, names or layouts that break the contract.
  public init(copying layout: dmt_optimizer_layout) throws(DMTError) {
    guard (0...DMT_MAX_STATES).contains(layout.state_count) else {
      throw DMTError(.invalidArgument, "it has \(layout.state_count) states, expected 0 to \(DMT_MAX_STATES)")
    }
    let given = withUnsafeBytes(of: layout.states) { bytes in
      Array(bytes.bindMemory(to: dmt_optimizer_state.self).prefix(Int(layout.state_count)))
    }
    var states: [OptimizerSpec.State] = []
    for (index, state) in given.enumerated() {
      guard state.layout == DMT_STATE_PER_ELEMENT || state.layout == DMT_STATE_PER_ROW else {
        throw DMTError(.invalidArgument, "state \(index) has layout \(state.layout), expected 0 or 1")
      }
      states.append(
        OptimizerSpec.State(
          name: try String(copying: state.name, "the name of state \(index)"),
          isRowwise: state.layout == DMT_STATE_PER_ROW, initialValue: state.initial_value))
    }
    self.init(states: states, rowSumCount: Int(layout.row_sum_count))
  }
}

extension OptimizerRequest {
  /// A copy of a bind request from the other side.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for what breaks the contract.
  public init(copying pointer: UnsafePointer<dmt_optimizer_request>?) throws(DMTError) {
    let request = try SizedStruct.read(pointer, "the optimizer request")
    self.init(
      dtype: try DType(request.dtype), attributes: try Attributes(copying: request.attributes),
      threads: Int(max(1, request.threads)))
  }
}
