internal import DMTCore

/// Finds the type of every step's result, one after the other.
struct FlowInference {
  let request: ShardingRequest
  let placement: CheckedPlacement
  let steps: [DataflowStep]
  private(set) var types: [FlowType] = []
  /// For a step whose result was read: by which step.
  private var readers: [Int: Int] = [:]

  init(request: ShardingRequest, placement: CheckedPlacement, steps: [DataflowStep]) {
    self.request = request
    self.placement = placement
    self.steps = steps
  }

  var groups: TowerGroups { request.groups }
  var ranks: Range<Int> { 0..<request.groups.topology.rankCount }

  /// Numbers on an edge.
  struct Values {
    var blocks: [[FlowBlock]]
    var forward = WireType.native
    var backward = WireType.native
  }

  mutating func run() throws(DMTError) {
    for (index, step) in steps.enumerated() {
      for input in step.inputs {
        guard (0..<index).contains(input) else {
          throw error(
            index, "it reads step \(input)", remedy: "a step reads results of earlier steps, 0 to \(index - 1)")
        }
        // Row numbers may be read by several lookups.
        if case .indices = types[input] {
          readers[input] = index
          continue
        }
        if let reader = readers.updateValue(index, forKey: input) {
          throw error(
            index,
            "it reads step \(input) (\(steps[input].name)), which step \(reader) (\(steps[reader].name)) reads too",
            remedy: "numbers have one reader; columns that are read twice would be counted twice")
        }
      }
      types.append(try type(of: step, at: index))
    }
    for index in steps.indices.dropLast() where readers[index] == nil {
      throw error(index, "nobody reads its result", remedy: "let a later step read it, or leave it out")
    }
    try checkExchangesAreLookedUp()
    try checkCover()
  }

  private func checkExchangesAreLookedUp() throws(DMTError) {
    var lookedUp: [Int: Set<Int>] = [:]
    for case .lookup(let features, let exchange?) in steps { lookedUp[exchange, default: []].formUnion(features) }
    for (index, step) in steps.enumerated() {
      guard case .exchange(let features, _, _) = step,
        let feature = features.first(where: { !lookedUp[index, default: []].contains($0) })
      else { continue }
      throw error(
        index, "nobody looks feature '\(request.features[feature].name)' up",
        remedy: "exchange the row numbers of features that a lookup reads")
    }
  }

  private func type(of step: DataflowStep, at index: Int) throws(DMTError) -> FlowType {
    switch step {
    case .exchange(let features, let group, let order):
      return try exchange(features, group, order, at: index)
    case .lookup(let features, let exchange):
      return values(try lookup(features, exchange, at: index))
    case .permute(let input, let order):
      return values(permute(try value(input, at: index), order))
    case .allToAll(let input, let group):
      return values(try allToAll(try value(input, at: index), group, at: index))
    case .reduceScatter(let input, let group):
      return values(try reduceScatter(try value(input, at: index), group, at: index))
    case .allGather(let input, let group):
      return values(try allGather(try value(input, at: index), group, at: index))
    case .transpose(let input):
      return values(try join([try value(input, at: index)], at: index))
    case .join(let inputs):
      guard !inputs.isEmpty else { throw error(index, "it joins nothing") }
      var edges: [Values] = []
      for input in inputs { edges.append(try value(input, at: index)) }
      return values(try join(edges, at: index))
    case .scale(let input):
      return values(try scale(try native(input, at: index), at: index))
    case .tower(let input):
      return values(try tower(try native(input, at: index), at: index))
    case .cast(let input, let forward, let backward):
      var edge = try native(input, at: index)
      edge.forward = forward
      edge.backward = backward
      return values(edge)
    }
  }

  private func values(_ edge: Values) -> FlowType {
    .values(blocks: edge.blocks, forward: edge.forward, backward: edge.backward)
  }

  /// The numbers of an earlier step.
  func value(_ input: Int, at index: Int) throws(DMTError) -> Values {
    guard case .values(let blocks, let forward, let backward) = types[input] else {
      throw error(
        index, "it reads step \(input) (\(steps[input].name)), which gives row numbers",
        remedy: "row numbers are read by lookup alone")
    }
    return Values(blocks: blocks, forward: forward, backward: backward)
  }

  /// The numbers of an earlier step, as the model computes.
  private func native(_ input: Int, at index: Int) throws(DMTError) -> Values {
    let edge = try value(input, at: index)
    guard edge.forward == .native, edge.backward == .native else {
      throw error(
        index, "it reads numbers that were cast for the wire (step \(input))",
        remedy: "a collective follows a cast, with permute, transpose and join alone between them")
    }
    return edge
  }

  // MARK: Words of messages

  func error(_ index: Int, _ message: String, remedy: String? = nil) -> DMTError {
    let name = steps.indices.contains(index) ? " (\(steps[index].name))" : ""
    return DMTError(.pluginFailed, "dataflow: step \(index)\(name): \(message)", remedy: remedy)
  }

  /// `feature 'user'`, `tower 'reader'`.
  func name(_ source: ColumnSlice.Source) -> String {
    switch source {
    case .feature(let feature): "feature '\(request.features[feature].name)'"
    case .tower(let tower): "the output of tower '\(request.towers[tower].name)'"
    }
  }

  /// `columns 0..<8 of feature 'user'`.
  func text(_ slice: ColumnSlice) -> String {
    "columns \(slice.columns) of \(name(slice.source))" + (slice.rows.map { ", rows \($0)" } ?? "")
  }

  /// Rows of the table behind a slice.
  func rows(_ slice: ColumnSlice) -> Int? {
    guard case .feature(let feature) = slice.source else { return nil }
    return request.tables[request.features[feature].table].rows
  }
}
