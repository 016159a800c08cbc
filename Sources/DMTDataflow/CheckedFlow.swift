public import DMTCore

/// A strategy's answer that was checked: the placement holds every element of every table once, every step has a type on
/// every rank, and at the end every sample has every column exactly once.
///
/// A result of a step that carries values has exactly one reader, so that the adjoint of a flow needs no sums of its own.
public struct CheckedFlow: Sendable {
  /// What was asked.
  public let request: ShardingRequest
  /// What the strategy answered.
  public let plan: ShardingPlan
  /// The type of every step's result.
  public let types: [FlowType]
  let placement: CheckedPlacement

  /// Checks a plan.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for a request that contradicts itself, ``DMTError/Code/pluginFailed`` for a
  ///   plan that breaks a rule; the message names the step, the rank, the feature and the columns.
  public init(request: ShardingRequest, plan: ShardingPlan) throws(DMTError) {
    try request.check()
    let placement = try CheckedPlacement(plan.placement, request: request)
    var inference = FlowInference(request: request, placement: placement, steps: plan.dataflow.steps)
    try inference.run()
    self.request = request
    self.plan = plan
    self.placement = placement
    types = inference.types
  }

  /// True: towers run inside the flow; false: on each rank's own samples, after it.
  public var runsTowers: Bool {
    plan.dataflow.steps.contains { if case .tower = $0 { true } else { false } }
  }

  /// Ranks get samples of others too, by an all_gather, and drop them at the end.
  public var dropsSamples: Bool {
    plan.dataflow.steps.contains { if case .allGather = $0 { true } else { false } }
  }

  /// The blocks of a rank in a step's result, none for an exchange.
  public func blocks(ofStep step: Int, rank: Int) -> [FlowBlock] {
    if case .values(let blocks, _, _) = types[step] { blocks[rank] } else { [] }
  }

  /// What a rank looks up in a lookup step, one for each column slice of its block, in their order.
  public func pieces(ofLookup step: Int, rank: Int) -> [LookupPiece] {
    guard case .lookup(let features, let exchange) = plan.dataflow.steps[step] else { return [] }
    return features.flatMap { feature in
      let table = request.features[feature].table
      guard exchange != nil else { return [LookupPiece(feature: feature, table: table, shard: nil)] }
      return placement.shards(ofTable: table, rank: rank).map {
        LookupPiece(feature: feature, table: table, shard: $0)
      }
    }
  }
}

/// A feature that a rank looks up in a shard.
public struct LookupPiece: Sendable, Hashable {
  /// Feature of the request.
  public var feature: Int
  /// Table of the request.
  public var table: Int
  /// Index of the shard in the placement; nil: the table is replicated.
  public var shard: Int?

  public init(feature: Int, table: Int, shard: Int?) {
    self.feature = feature
    self.table = table
    self.shard = shard
  }
}
