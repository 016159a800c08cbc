import DMTCore
import DMTDataflow
import DMTRuntime

extension RankModel {
  /// The optimizer of each lookup of the flow, also of those in which this rank holds nothing: others may wait for it. Those
  /// that need no other rank come first.
  static func tableOptimizers(
    _ lookups: [Int: LookupStage], flow: CheckedFlow, settings: Model.Settings, components: Components,
    links: RankLinks
  ) throws(DMTError) -> [any RankTableOptimizer] {
    guard let optimizer = settings.tableOptimizer else { return [] }
    var owned: [any RankTableOptimizer] = []
    var result: [any RankTableOptimizer] = []
    for (index, step) in flow.plan.dataflow.steps.enumerated() {
      guard case .lookup(let features, let exchange) = step else { continue }
      let lookup = lookups[index]
      let tables = Set(features.map { flow.request.features[$0].table })
      let isCut = flow.plan.placement.shards.contains {
        tables.contains($0.table) && $0.columns.count < flow.request.tables[$0.table].dim
      }
      if exchange == nil, let lookup {
        result.append(
          try ReplicatedTables(
            lookup.embedding, optimizer: optimizer, settings: settings, components: components, links: links))
      } else if isCut, let complaint = optimizer.columnSplitComplaint {
        throw DMTError(.unsupported, complaint)
      } else if isCut, optimizer.rowSumCount > 0 {
        let owners = (lookup?.store.tables ?? []).map { table in
          (key: "\(table.name) \(table.region?.rows.description ?? "")", ranks: holders(of: table, flow: flow))
        }
        result.append(
          try SplitRows(
            lookup?.embedding, optimizer: optimizer, threads: settings.threads, owners: owners, links: links))
      } else if let lookup {
        owned.append(
          try OwnedTables(lookup.embedding, optimizer: optimizer, settings: settings, components: components))
      }
    }
    return owned + result
  }

  /// The ranks that hold columns of the same rows of a table.
  private static func holders(of table: ModelPlan.Table, flow: CheckedFlow) -> [Int] {
    guard let index = flow.request.tables.firstIndex(where: { $0.name == table.name }), let region = table.region else {
      return []
    }
    return Set(flow.plan.placement.shards.filter { $0.table == index && $0.rows == region.rows }.map(\.rank)).sorted()
  }
}
