internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// A ``ShardingStrategy`` behind a `dmt_sharding` table.
final class ShardingStrategyTable: Sendable {
  private let strategy: any ShardingStrategy

  private init(_ strategy: any ShardingStrategy) { self.strategy = strategy }

  /// The table, for as long as the process lives.
  static func make(_ strategy: any ShardingStrategy) -> UnsafeRawPointer {
    let texts = ContractArena()
    let table = UnsafeMutablePointer<dmt_sharding>.allocate(capacity: 1)
    table.initialize(
      to: dmt_sharding(
        struct_size: SizedStruct.size(of: dmt_sharding.self), revision: 1,
        ctx: Unmanaged.passRetained(ShardingStrategyTable(strategy)).toOpaque(), name: texts.text(strategy.name),
        summary: texts.text(strategy.summary),
        plan: { context, request, builder in
          guarded { () throws(DMTError) in try ShardingStrategyTable.at(context).plan(request, builder) }
        }))
    _ = Unmanaged.passRetained(texts)
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> ShardingStrategyTable {
    guard let context else { throw missing("the sharding strategy's ctx") }
    return Unmanaged<ShardingStrategyTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func plan(
    _ pointer: UnsafePointer<dmt_sharding_request>?, _ builder: UnsafePointer<dmt_sharding_builder>?
  ) throws(DMTError) {
    let given = try SizedStruct.read(pointer, "the sharding request")
    let builder = try SizedStruct.read(builder, "the builder")
    guard let addShard = builder.add_shard, let addStep = builder.add_step else {
      throw missing("add_shard or add_step")
    }
    let request = try ShardingRequest(
      copying: given, planner: PluginShardPlanner(function: given.assign, context: given.assign_ctx))
    let plan = try strategy.plan(request)
    for index in plan.placement.replicated.sorted() {
      guard request.tables.indices.contains(index) else {
        throw DMTError(.internalError, "table \(index) of \(request.tables.count) is replicated")
      }
      let table = request.tables[index]
      var shard = TableShard(table: index, rank: -1, rows: 0..<table.rows, columns: 0..<table.dim).contractShard
      try check(addShard(builder.ctx, &shard), "table '\(table.name)'")
    }
    for shard in plan.placement.shards {
      // Rank -1 means every rank in the contract alone.
      guard shard.rank >= 0 else { throw DMTError(.internalError, "a shard of table \(shard.table) is on no rank") }
      var contractShard = shard.contractShard
      try check(addShard(builder.ctx, &contractShard), "a shard of table \(shard.table)")
    }
    for (index, step) in plan.dataflow.steps.enumerated() {
      let arena = ContractArena()
      var contractStep = arena.step(step)
      var number: Int32 = -1
      try check(addStep(builder.ctx, &contractStep, &number), "step \(index), \(step.name)")
      guard Int(number) == index else {
        throw DMTError(.internalError, "the host calls step \(index) of the dataflow \(number)")
      }
    }
  }

  /// The host knows its own error and prefers it to this one.
  private func check(_ status: dmt_status, _ what: @autoclosure () -> String) throws(DMTError) {
    if status != DMT_OK {
      throw DMTError(DMTError.Code(status: status), "\(what()): the host refused it (\(statusName(status)))")
    }
  }
}
