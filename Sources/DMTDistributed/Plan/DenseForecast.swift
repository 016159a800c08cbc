public import DMTCore
public import DMTDataflow
public import DMTRuntime

/// What dense parameters take on every rank before any of them exists; ``RankModel/denseBytes`` is what they then take.
public struct DenseForecast: Sendable, Equatable {
  /// By rank: values, gradients, optimizer states, and where units of a sharded over-arch are whole.
  public var bytes: [Int]
  /// Units of a sharded over-arch; 0: every rank keeps it whole.
  public var units: Int
  /// Bytes of the over-arch's parameters on the wire, what fills the units up included.
  public var overArchBytes: Int
  /// Bytes that are gathered once more before backward.
  public var gatheredAgainBytes: Int

  /// - Throws: ``DMTError/Code/invalidArgument`` for units without bytes or an optimizer that is not known.
  public init(
    plan: ModelPlan, flow: CheckedFlow, dense: DenseSharding, optimizer: OptimizerSpec?, dtype: DType
  ) throws(DMTError) {
    let states = try optimizer?.states().count ?? 0
    let groups = flow.request.groups
    func whole(_ graph: Graph) -> Int {
      graph.parameters.reduce(0) {
        $0 + 2 * ParameterStore.byteCount(of: $1, dtype) + states * $1.shape.elementsPerSample * dtype.byteCount
      }
    }
    let overArch = plan.graph.part(outputs: [plan.loss, plan.logits], inputs: plan.overArchInputs(flow)).graph
    var towers = [Int](repeating: 0, count: groups.count)
    if flow.runsTowers {
      for (index, tower) in plan.towers.enumerated() {
        let input = plan.embeddingOutputs[tower.input].value
        towers[flow.request.towers[index].group] += whole(
          plan.graph.part(outputs: [tower.output], inputs: [input]).graph)
      }
    }
    units = 0
    overArchBytes = overArch.parameters.reduce(0) { $0 + ParameterStore.byteCount(of: $1, dtype) }
    gatheredAgainBytes = 0
    bytes = []
    for rank in 0..<groups.topology.rankCount {
      var own = whole(overArch)
      if let shards = try ShardGroups(dense, topology: groups.topology, rank: rank) {
        let cut = try ShardUnit.units(
          of: overArch, dtype: dtype, unitBytes: shards.unitBytes, ranks: shards.shards.count)
        own = Self.bytes(cut, of: overArch, shards: shards, dtype: dtype, states: states)
        units = cut.count
        overArchBytes = cut.reduce(0) { $0 + $1.byteCount }
        // The last two are still there.
        gatheredAgainBytes = shards.keepsUnits ? 0 : cut.dropLast(2).reduce(0) { $0 + $1.byteCount }
      }
      bytes.append(own + towers[groups.group(of: rank)])
    }
  }

  private static func bytes(
    _ units: [ShardUnit], of graph: Graph, shards: ShardGroups, dtype: DType, states: Int
  ) -> Int {
    let slots = ShardUnit.slotBytes(units, slots: min(units.count, 2)).reduce(0, +)
    let kept = shards.keepsUnits ? units.reduce(0) { $0 + $1.byteCount } : slots
    var elements = 0
    for unit in units {
      for parameter in unit.parameters {
        let count = graph.parameters[parameter].shape.elementsPerSample
        elements += unit.elements(of: parameter, count: count, dtype: dtype, at: shards.place)?.range.count ?? 0
      }
    }
    return units.reduce(slots + kept) { $0 + 2 * $1.chunkBytes } + states * elements * dtype.byteCount
  }
}

extension ModelPlan {
  /// What the over-arch reads when a flow brings it: outputs of towers that run in the flow, and the other embeddings.
  func overArchInputs(_ flow: CheckedFlow) -> [Int] {
    let towerInputs = Set(towers.map(\.input))
    let inputs = embeddingOutputs.indices.filter { !flow.runsTowers || !towerInputs.contains($0) }
      .map { embeddingOutputs[$0].value }
    return flow.runsTowers ? inputs + towers.map(\.output) : inputs
  }
}
