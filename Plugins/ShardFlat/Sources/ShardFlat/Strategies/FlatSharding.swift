public import DMTPluginKit

/// The flat strategies: one exchange of row numbers over all ranks, one collective that brings the pooled rows back.
///
/// | name | tables | steps |
/// |---|---|---|
/// | `data_parallel` | every rank holds all | lookup |
/// | `table_wise` | a table on a rank | exchange(world) lookup all_to_all(world) |
/// | `column_wise` | some columns of a table on a rank | the same |
/// | `row_wise` | some rows of every table on every rank | exchange(world) lookup reduce_scatter(world) scale |
/// | `table_row_wise` | a table's rows over a tower group | exchange(world) lookup reduce_scatter(tower) scale all_to_all(peers) |
///
/// A table that the manifest shards otherwise has a branch of its own; the last step joins the branches.
public struct FlatSharding: ShardingStrategy {
  /// What happens to a table that the manifest says nothing about.
  enum Cut: Sendable {
    case replicate
    case table
    case columns
    case rows
    case rowsOfTowerGroup
  }

  public let name: String
  public let summary: String
  let cut: Cut

  public static let dataParallel = FlatSharding(
    name: "data_parallel", summary: "Every rank holds every table.", cut: .replicate)
  public static let tableWise = FlatSharding(
    name: "table_wise", summary: "Every table lies on one rank.", cut: .table)
  public static let columnWise = FlatSharding(
    name: "column_wise", summary: "Ranks hold some columns of every table.", cut: .columns)
  public static let rowWise = FlatSharding(
    name: "row_wise", summary: "Ranks hold some rows of every table.", cut: .rows)
  public static let tableRowWise = FlatSharding(
    name: "table_row_wise", summary: "The ranks of a tower group hold some rows of a table.", cut: .rowsOfTowerGroup)
  /// All of them.
  public static let all = [dataParallel, tableWise, columnWise, rowWise, tableRowWise]

  public func plan(_ request: ShardingRequest) throws(DMTError) -> ShardingPlan {
    let cuts = request.tables.map { cut(of: $0) }
    let world = request.groups.members(of: .world, with: 0)
    let grouped = try request.towerGroups(for: cuts.indices.filter { cuts[$0] == .rowsOfTowerGroup })
    var draft = PlacementDraft(request)
    for (table, cut) in cuts.enumerated() {
      switch cut {
      case .replicate: draft.replicate(table)
      case .table: draft.place(table, on: world)
      case .columns: draft.place(table, parts: world.count, on: world)
      case .rows: draft.cutRows(table, over: world)
      case .rowsOfTowerGroup: draft.cutRows(table, over: request.ranks(ofTowerGroup: grouped[table] ?? 0))
      }
    }
    return ShardingPlan(placement: try draft.placement(), dataflow: dataflow(request, cuts))
  }

  private func cut(of table: ShardingTable) -> Cut {
    switch table.sharding {
    case .automatic: cut
    case .dataParallel: .replicate
    case .tableWise: .table
    case .columnWise: .columns
    case .rowWise: cut == .rowsOfTowerGroup ? .rowsOfTowerGroup : .rows
    }
  }

  private func dataflow(_ request: ShardingRequest, _ cuts: [Cut]) -> Dataflow {
    let replicated = request.features { cuts[$0.table] == .replicate }
    let whole = request.features { cuts[$0.table] == .table || cuts[$0.table] == .columns }
    let rows = request.features { cuts[$0.table] == .rows }
    let grouped = request.features { cuts[$0.table] == .rowsOfTowerGroup }
    var draft = FlowDraft(request)
    var ends: [Int?] = []
    if replicated.count < request.features.count {
      let exchanged = request.features { cuts[$0.table] != .replicate }
      // In the order of peers, what a member of a tower group gets lies in one piece.
      let exchange = draft.add(
        .exchange(features: exchanged, group: .world, order: grouped.isEmpty ? .ranks : .peers))
      if let sums = draft.lookup(whole, exchange: exchange) {
        ends.append(draft.add(.allToAll(input: draft.cast(sums), group: .world)))
      }
      if let parts = draft.lookup(rows, exchange: exchange) {
        let sums = draft.add(.reduceScatter(input: draft.cast(parts), group: .world))
        ends.append(draft.add(.scale(input: sums)))
      }
      if let parts = draft.lookup(grouped, exchange: exchange) {
        let sums = draft.add(.reduceScatter(input: draft.castBetweenHosts(parts), group: .tower))
        let scaled = draft.add(.scale(input: sums))
        ends.append(draft.add(.allToAll(input: draft.cast(scaled), group: .peers)))
      }
    }
    ends.append(draft.lookup(replicated, exchange: nil))
    return draft.finish(ends)
  }
}
