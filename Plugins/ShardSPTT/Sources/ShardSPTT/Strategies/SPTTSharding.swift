public import DMTPluginKit

/// `sptt`, the semantics-preserving tower transform: the tables of a tower lie in the tower group that serves it.
///
/// exchange(world) lookup all_to_all(tower) transpose [tower] all_to_all(peers): inside a tower group every rank gets the
/// group's features of all samples of its peers; then only peers, one a tower group, talk to each other. The bytes between
/// hosts are those of the flat strategies, in smaller groups; a tower module, which runs between the two collectives, makes
/// them less. Source: DMT, arXiv 2403.00877, section 3.1.
///
/// In a flat model, and for features outside towers, the planner chooses the tower group and the embeddings pass through.
public struct SPTTSharding: ShardingStrategy {
  public let name = "sptt"
  public let summary =
    "The tables of a tower lie in one tower group; embeddings travel inside it first, then among peers."

  public init() {}

  public func plan(_ request: ShardingRequest) throws(DMTError) -> ShardingPlan {
    let layout = try TowerLayout(request)
    return ShardingPlan(placement: try layout.draft.placement(), dataflow: dataflow(request, layout))
  }

  private func dataflow(_ request: ShardingRequest, _ layout: TowerLayout) -> Dataflow {
    let replicated = request.features { layout.draft.replicated.contains($0.table) }
    let exchanged = request.features { !layout.draft.replicated.contains($0.table) }
    var draft = FlowDraft(request)
    var ends: [Int?] = []
    if !exchanged.isEmpty {
      let exchange = draft.add(.exchange(features: exchanged, group: .world, order: .peers))
      let inTowers = exchanged.filter { layout.runsTowers && request.features[$0].tower != nil }
      let passing = exchanged.filter { !(layout.runsTowers && request.features[$0].tower != nil) }
      let outputs = gathered(inTowers, exchange, layout, &draft).map { draft.add(.tower(input: $0)) }
      if let edge = draft.joined([outputs, gathered(passing, exchange, layout, &draft)]) {
        ends.append(draft.add(.allToAll(input: draft.cast(edge), group: .peers)))
      }
    }
    ends.append(draft.lookup(replicated, exchange: nil))
    return draft.finish(ends)
  }

  /// One block a rank with the columns of those of `features` that its tower group holds, for the samples of its peers.
  private func gathered(
    _ features: [Int], _ exchange: Int, _ layout: TowerLayout, _ draft: inout FlowDraft
  ) -> Int? {
    let cutByRows = layout.draft.cutByRows
    let request = layout.draft.request
    var edges: [Int?] = []
    let whole = features.filter { !cutByRows.contains(request.features[$0].table) }
    if let sums = draft.lookup(whole, exchange: exchange) {
      let dealt = draft.add(.allToAll(input: draft.cast(sums), group: .tower))
      edges.append(draft.add(.transpose(input: dealt)))
    }
    let cut = features.filter { cutByRows.contains(request.features[$0].table) }
    if let parts = draft.lookup(cut, exchange: exchange) {
      let sums = draft.add(.reduceScatter(input: draft.castBetweenHosts(parts), group: .tower))
      edges.append(draft.add(.scale(input: sums)))
    }
    return draft.joined(edges)
  }
}
