public import CDMTPlugin
public import DMTCore

extension TableShard {
  /// The shard as the contract writes it.
  public var contractShard: dmt_shard {
    dmt_shard(
      table: Int32(clamping: table), rank: Int32(clamping: rank), row_begin: Int64(rows.lowerBound),
      row_end: Int64(rows.upperBound), column_begin: Int64(columns.lowerBound), column_end: Int64(columns.upperBound))
  }

  /// A shard from the other side that lies inside its table.
  ///
  /// - Returns: a shard with rank -1 for a replicated table.
  /// - Throws: ``DMTError/Code/invalidArgument`` for a table or rank that is not there, and for a part that is none.
  public init(copying shard: dmt_shard, in request: ShardingRequest) throws(DMTError) {
    let ranks = request.groups.topology.rankCount
    guard request.tables.indices.contains(Int(shard.table)), (-1..<ranks).contains(Int(shard.rank)) else {
      throw DMTError(
        .invalidArgument,
        "a shard of table \(shard.table) of \(request.tables.count) on rank \(shard.rank) of \(ranks)")
    }
    let table = request.tables[Int(shard.table)]
    guard shard.row_begin >= 0, shard.row_end >= shard.row_begin, shard.row_end <= Int64(table.rows),
      shard.column_begin >= 0, shard.column_end > shard.column_begin, shard.column_end <= Int64(table.dim)
    else {
      throw DMTError(
        .invalidArgument,
        "a shard of table '\(table.name)' has rows \(shard.row_begin) to \(shard.row_end) and columns "
          + "\(shard.column_begin) to \(shard.column_end), the table has \(table.rows) rows and \(table.dim) columns")
    }
    self.init(
      table: Int(shard.table), rank: Int(shard.rank), rows: Int(shard.row_begin)..<Int(shard.row_end),
      columns: Int(shard.column_begin)..<Int(shard.column_end))
    guard rank >= 0 || (rows == 0..<table.rows && columns == 0..<table.dim) else {
      throw DMTError(.invalidArgument, "table '\(table.name)' is on every rank in part, expected all of it")
    }
  }
}

extension ContractArena {
  /// A step as the contract writes it.
  public func step(_ step: DataflowStep) -> dmt_dataflow_step {
    var result = dmt_dataflow_step()
    result.struct_size = SizedStruct.size(of: dmt_dataflow_step.self)
    let inputs = step.inputs
    result.inputs = array(inputs.map { Int32(clamping: $0) })
    result.input_count = Int64(inputs.count)
    var features: [Int] = []
    switch step {
    case .exchange(let wanted, let group, let order):
      result.kind = DMT_STEP_EXCHANGE
      result.group = group.rawValue
      result.order = order.rawValue
      features = wanted
    case .lookup(let wanted, _):
      result.kind = DMT_STEP_LOOKUP
      features = wanted
    case .permute(_, let order):
      result.kind = DMT_STEP_PERMUTE
      result.order = order.rawValue
    case .allToAll(_, let group):
      result.kind = DMT_STEP_ALL_TO_ALL
      result.group = group.rawValue
    case .reduceScatter(_, let group):
      result.kind = DMT_STEP_REDUCE_SCATTER
      result.group = group.rawValue
    case .allGather(_, let group):
      result.kind = DMT_STEP_ALL_GATHER
      result.group = group.rawValue
    case .transpose: result.kind = DMT_STEP_TRANSPOSE
    case .join: result.kind = DMT_STEP_JOIN
    case .scale: result.kind = DMT_STEP_SCALE
    case .tower: result.kind = DMT_STEP_TOWER
    case .cast(_, let forward, let backward):
      result.kind = DMT_STEP_CAST
      result.forward_wire = forward.rawValue
      result.backward_wire = backward.rawValue
    }
    result.features = array(features.map { Int32(clamping: $0) })
    result.feature_count = Int64(features.count)
    return result
  }
}

extension DataflowStep {
  /// A step from the other side: its kind, words, inputs and features are there.
  ///
  /// - Parameters:
  ///   - steps: steps before it.
  ///   - features: of the request.
  /// - Throws: ``DMTError/Code/invalidArgument`` for what is not; whether edges fit is for the dataflow's check.
  public init(
    copying pointer: UnsafePointer<dmt_dataflow_step>?, steps: Int, features: Int
  ) throws(DMTError) {
    let step = StepReader(
      step: try SizedStruct.read(pointer, "the step"), index: steps, features: features)
    switch step.step.kind {
    case DMT_STEP_EXCHANGE:
      try step.expectInputs(0...0)
      self = .exchange(features: try step.featureList(), group: try step.group(), order: try step.order())
    case DMT_STEP_LOOKUP:
      try step.expectInputs(0...1)
      self = .lookup(features: try step.featureList(), exchange: try step.inputs().first)
    case DMT_STEP_PERMUTE: self = .permute(input: try step.input(), order: try step.order())
    case DMT_STEP_ALL_TO_ALL: self = .allToAll(input: try step.input(), group: try step.group())
    case DMT_STEP_REDUCE_SCATTER: self = .reduceScatter(input: try step.input(), group: try step.group())
    case DMT_STEP_ALL_GATHER: self = .allGather(input: try step.input(), group: try step.group())
    case DMT_STEP_TRANSPOSE: self = .transpose(input: try step.input())
    case DMT_STEP_JOIN:
      try step.expectInputs(1...Int64(max(1, steps)))
      self = .join(inputs: try step.inputs())
    case DMT_STEP_SCALE: self = .scale(input: try step.input())
    case DMT_STEP_TOWER: self = .tower(input: try step.input())
    case DMT_STEP_CAST:
      self = .cast(
        input: try step.input(), forward: try step.wire(step.step.forward_wire),
        backward: try step.wire(step.step.backward_wire))
    default: throw step.broken("it is of kind \(step.step.kind), expected 0 to 10")
    }
  }
}

/// Reads the parts of a step.
private struct StepReader {
  let step: dmt_dataflow_step
  let index: Int
  let features: Int

  func expectInputs(_ allowed: ClosedRange<Int64>) throws(DMTError) {
    guard allowed.contains(step.input_count), step.inputs != nil || step.input_count == 0 else {
      throw broken(
        "it has \(step.input_count) inputs" + (step.inputs == nil ? " at NULL" : "")
          + ", expected \(allowed.lowerBound)"
          + (allowed.lowerBound == allowed.upperBound ? "" : " to \(allowed.upperBound)"))
    }
  }

  func inputs() throws(DMTError) -> [Int] {
    var result: [Int] = []
    for position in 0..<Int(step.input_count) {
      guard let input = step.inputs?[position], (0..<index).contains(Int(input)) else {
        throw broken("it reads step \(step.inputs?[position] ?? -1), which is not before it")
      }
      result.append(Int(input))
    }
    return result
  }

  func input() throws(DMTError) -> Int {
    try expectInputs(1...1)
    return try inputs()[0]
  }

  func featureList() throws(DMTError) -> [Int] {
    guard (1...Int64(max(1, features))).contains(step.feature_count), let list = step.features else {
      throw broken("it has \(step.feature_count) features, expected 1 to \(features)")
    }
    var result: [Int] = []
    for position in 0..<Int(step.feature_count) {
      guard (0..<features).contains(Int(list[position])) else {
        throw broken("it has feature \(list[position]) of \(features)")
      }
      result.append(Int(list[position]))
    }
    return result
  }

  func group() throws(DMTError) -> RankGroup {
    guard let group = RankGroup(rawValue: step.group) else {
      throw broken("its group is \(step.group), expected 0 to 2")
    }
    return group
  }

  func order() throws(DMTError) -> SampleOrder {
    guard let order = SampleOrder(rawValue: step.order) else {
      throw broken("its order is \(step.order), expected 0 or 1")
    }
    return order
  }

  func wire(_ value: Int32) throws(DMTError) -> WireType {
    guard let wire = WireType(rawValue: value) else { throw broken("its wire type is \(value), expected 0 to 3") }
    return wire
  }

  func broken(_ message: String) -> DMTError { DMTError(.invalidArgument, "step \(index) of the dataflow: \(message)") }
}
