import DMTPluginKit

/// `@COMPONENT@`: table t lies whole on rank t modulo the number of ranks.
///
/// exchange(world) lookup all_to_all(world) join. A table that the manifest wants on every rank is looked up there; other ways
/// to cut a table are refused. Tower modules run on each rank's own samples.
struct @EXAMPLE@: ShardingStrategy {
  let name = "@COMPONENT@"
  let summary = "Table t lies on rank t modulo the number of ranks."

  func plan(_ request: ShardingRequest) throws(DMTError) -> ShardingPlan {
    ShardingPlan(placement: try placement(request), dataflow: dataflow(request))
  }

  private func placement(_ request: ShardingRequest) throws(DMTError) -> Placement {
    var placement = Placement()
    for (index, table) in request.tables.enumerated() {
      switch table.sharding {
      case .dataParallel: placement.replicated.insert(index)
      case .automatic, .tableWise:
        placement.shards.append(
          TableShard(
            table: index, rank: index % request.groups.topology.rankCount, rows: 0..<table.rows,
            columns: 0..<table.dim))
      case .columnWise, .rowWise:
        throw DMTError(
          .unsupported, "@COMPONENT@ keeps tables whole, '\(table.name)' is to be cut",
          remedy: "let the manifest say auto, table_wise or data_parallel")
      }
    }
    return placement
  }

  private func dataflow(_ request: ShardingRequest) -> Dataflow {
    var flow = Dataflow()
    var ends: [Int] = []
    let isReplicated = request.features.map { request.tables[$0.table].sharding == .dataParallel }
    let whole = request.features.indices.filter { !isReplicated[$0] }
    let replicated = request.features.indices.filter { isReplicated[$0] }
    if !whole.isEmpty {
      let exchange = flow.add(.exchange(features: whole, group: .world, order: .ranks))
      var edge = flow.add(.lookup(features: whole, exchange: exchange))
      if request.forwardWire != .native || request.backwardWire != .native {
        edge = flow.add(.cast(input: edge, forward: request.forwardWire, backward: request.backwardWire))
      }
      ends.append(flow.add(.allToAll(input: edge, group: .world)))
    }
    if !replicated.isEmpty { ends.append(flow.add(.lookup(features: replicated, exchange: nil))) }
    if !ends.isEmpty { _ = flow.add(.join(inputs: ends)) }
    return flow
  }
}
