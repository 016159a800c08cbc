internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// The host's planner, valid while a plan is made.
struct PluginShardPlanner: ShardPlanner, @unchecked Sendable {
  typealias Assign =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<dmt_shard_candidate>?, Int64, UnsafeMutablePointer<Int32>?
    ) -> dmt_status

  let function: Assign?
  let context: UnsafeMutableRawPointer?

  func assign(_ pieces: [ShardCandidate], rankCount: Int) throws(DMTError) -> [Int] {
    guard let function else { throw DMTError(.unsupported, "this host has no planner") }
    let arena = ContractArena()
    var ranks = [Int32](repeating: -1, count: pieces.count)
    let status = function(context, arena.candidates(pieces), Int64(pieces.count), &ranks)
    // The host knows its own error and prefers it to this one.
    if status != DMT_OK {
      throw DMTError(DMTError.Code(status: status), "the planner: the host refused it (\(statusName(status)))")
    }
    guard ranks.allSatisfy({ $0 >= 0 }) else {
      throw DMTError(.internalError, "the host's planner leaves a piece without a rank")
    }
    return ranks.map(Int.init)
  }
}
