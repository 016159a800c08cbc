public import DMTCore
public import DMTDataflow

extension CheckedFlow {
  /// Whether an optimizer can update tables that lie like this.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` for a table whose columns lie on several ranks and an optimizer that keeps numbers
  ///   once a row and does not say how they are added up over columns.
  public func check(_ optimizer: OptimizerSpec) throws(DMTError) {
    guard let complaint = optimizer.columnSplitComplaint,
      let shard = plan.placement.shards.first(where: { $0.columns.count < request.tables[$0.table].dim })
    else { return }
    throw DMTError(
      .unsupported, "\(complaint); table '\(request.tables[shard.table].name)' lies on several ranks by columns",
      remedy: "use a strategy or `sharding.tables` that keeps its rows whole, or another optimizer")
  }
}
