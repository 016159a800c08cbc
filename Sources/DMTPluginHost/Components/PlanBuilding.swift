internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// One plan of a plugin's sharding strategy in the making: what it adds is checked and copied.
final class PlanBuilding {
  /// More shards or steps than any strategy has use for.
  private static let maximumCount = 1 << 22

  private let request: ShardingRequest
  private(set) var plan = ShardingPlan()
  /// The host's own error, when it refused something.
  private(set) var failure: DMTError?

  init(_ request: ShardingRequest) { self.request = request }

  /// The C table; `context` is a retained object that outlives its use.
  static func table(_ context: UnsafeMutableRawPointer) -> dmt_sharding_builder {
    dmt_sharding_builder(
      struct_size: SizedStruct.size(of: dmt_sharding_builder.self), reserved: 0, ctx: context,
      add_shard: { context, shard in
        PlanBuilding.run(context) { building throws(DMTError) in try building.add(shard) }
      },
      add_step: { context, step, index in
        PlanBuilding.run(context) { building throws(DMTError) in try building.add(step, index) }
      })
  }

  /// Lets the planner of the request answer for `dmt_sharding_request.assign`.
  static func serve(_ request: inout dmt_sharding_request, _ context: UnsafeMutableRawPointer) {
    request.assign_ctx = context
    request.assign = { context, pieces, count, ranks in
      PlanBuilding.run(context) { building throws(DMTError) in try building.assign(pieces, count, ranks) }
    }
  }

  private static func run(
    _ context: UnsafeMutableRawPointer?, _ body: (PlanBuilding) throws(DMTError) -> Void
  ) -> dmt_status {
    guard let context else { return DMT_INVALID_ARGUMENT }
    let building = Unmanaged<PlanBuilding>.fromOpaque(context).takeUnretainedValue()
    do throws(DMTError) {
      try body(building)
      return DMT_OK
    } catch {
      building.failure = error
      return error.code.status
    }
  }

  private func add(_ pointer: UnsafePointer<dmt_shard>?) throws(DMTError) {
    guard let pointer else { throw DMTError(.pluginFailed, "a shard is NULL") }
    let shard = try blaming { () throws(DMTError) in try TableShard(copying: pointer.pointee, in: request) }
    guard plan.placement.shards.count < Self.maximumCount else { throw tooMany("shards") }
    if shard.rank < 0 {
      plan.placement.replicated.insert(shard.table)
    } else {
      plan.placement.shards.append(shard)
    }
  }

  private func add(
    _ pointer: UnsafePointer<dmt_dataflow_step>?, _ index: UnsafeMutablePointer<Int32>?
  ) throws(DMTError) {
    guard let index else { throw DMTError(.pluginFailed, "the place for a step's index is NULL") }
    let count = plan.dataflow.steps.count
    guard count < Self.maximumCount else { throw tooMany("steps") }
    let step = try blaming { () throws(DMTError) in
      try DataflowStep(copying: pointer, steps: count, features: request.features.count)
    }
    index.pointee = Int32(plan.dataflow.add(step))
  }

  private func assign(
    _ pointer: UnsafePointer<dmt_shard_candidate>?, _ count: Int64, _ ranks: UnsafeMutablePointer<Int32>?
  ) throws(DMTError) {
    let pieces = try blaming { () throws(DMTError) in try ShardCandidate.copying(pointer, count: count) }
    guard !pieces.isEmpty else { return }
    guard let ranks else { throw DMTError(.pluginFailed, "the place for the pieces' ranks is NULL") }
    let answer = try request.planner.assign(pieces, rankCount: request.groups.topology.rankCount)
    guard answer.count == pieces.count, zip(pieces, answer).allSatisfy({ $0.ranks.contains($1) }) else {
      throw DMTError(.internalError, "the planner gives a piece to a rank that may not hold it")
    }
    for (index, rank) in answer.enumerated() { ranks[index] = Int32(clamping: rank) }
  }

  /// What the plugin hands in and breaks the contract is the plugin's fault.
  private func blaming<Result>(_ body: () throws(DMTError) -> Result) throws(DMTError) -> Result {
    do throws(DMTError) {
      return try body()
    } catch {
      throw DMTError(.pluginFailed, error.message, remedy: "report this to the plugin's author")
    }
  }

  private func tooMany(_ what: String) -> DMTError {
    DMTError(.pluginFailed, "its plan has more than \(Self.maximumCount) \(what)")
  }
}
