/// Says where tables lie and how a batch travels, as data: a placement and a dataflow.
///
/// It runs once when a model is distributed, on every rank, and gives the same answer on each. The host checks the answer
/// before the first step: every element of every table in one place, every edge's type, every sample's every column exactly
/// once. Nothing else is asked of a strategy: bytes, backward steps and execution follow from the types.
public protocol ShardingStrategy: Sendable {
  /// The name in manifests: `table_wise`, `sptt`.
  var name: String { get }
  /// One sentence.
  var summary: String { get }
  /// The plan for a request.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for a request that the strategy cannot serve.
  func plan(_ request: ShardingRequest) throws(DMTError) -> ShardingPlan
}
