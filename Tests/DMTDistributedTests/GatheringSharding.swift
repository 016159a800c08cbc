import DMTCore
import DMTDataflow

/// Tables whole on ranks in turn, or on every rank; then every rank gets the samples of its whole group, and drops the others'.
struct GatheringSharding: ShardingStrategy {
  var group: RankGroup
  /// Every rank holds every table.
  var isReplicated = false
  /// One block is gathered, not one of every holder.
  var isTransposed = false

  var name: String { "gathering_\(group)\(isReplicated ? "_replicated" : "")\(isTransposed ? "_transposed" : "")" }
  let summary = "Gathers what it does not need."

  static let all: [GatheringSharding] = RankGroup.allCases.flatMap { group in
    [
      GatheringSharding(group: group), GatheringSharding(group: group, isTransposed: true),
      GatheringSharding(group: group, isReplicated: true),
    ]
  }

  func plan(_ request: ShardingRequest) throws(DMTError) -> ShardingPlan {
    var plan = ShardingPlan()
    let features = Array(request.features.indices)
    var values: Int
    if isReplicated {
      plan.placement.replicated = Set(request.tables.indices)
      values = plan.dataflow.add(.lookup(features: features, exchange: nil))
    } else {
      plan.placement.shards = request.tables.enumerated().map {
        TableShard(
          table: $0, rank: $0 % request.groups.topology.rankCount, rows: 0..<$1.rows, columns: 0..<$1.dim)
      }
      let exchange = plan.dataflow.add(.exchange(features: features, group: .world, order: .ranks))
      values = plan.dataflow.add(.lookup(features: features, exchange: exchange))
      values = plan.dataflow.add(.allToAll(input: cast(values, request, &plan), group: .world))
      if isTransposed { values = plan.dataflow.add(.transpose(input: values)) }
    }
    _ = plan.dataflow.add(.allGather(input: cast(values, request, &plan), group: group))
    return plan
  }

  private func cast(_ input: Int, _ request: ShardingRequest, _ plan: inout ShardingPlan) -> Int {
    plan.dataflow.add(.cast(input: input, forward: request.forwardWire, backward: request.backwardWire))
  }
}
