/// Deals features into towers.
///
/// The same request gives the same partition, at any number of threads. Callers use ``checkedPartition(_:)``, which checks
/// the request and the answer.
public protocol TowerPartitioner: Sendable {
  /// The name it is registered under: `learned`.
  var name: String { get }
  /// The strategies it knows; not empty.
  var strategies: [PartitionStrategy] { get }
  /// Deals the features of a request that passed ``PartitionRequest/check()``.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` when balance and capacity cannot both hold.
  func partition(_ request: PartitionRequest) throws(DMTError) -> TowerPartition
}

/// A way to deal features into towers.
public struct PartitionStrategy: Sendable, Hashable {
  /// `strided`, `coherent`, `diverse`.
  public var name: String
  /// One sentence.
  public var summary: String
  /// It reads the affinity of features, which takes a trained model.
  public var needsAffinity: Bool

  public init(_ name: String, summary: String, needsAffinity: Bool) {
    self.name = name
    self.summary = summary
    self.needsAffinity = needsAffinity
  }
}

extension TowerPartitioner {
  /// Deals the features, with the request checked before and the answer after.
  ///
  /// - Throws: as ``PartitionRequest/check()``; ``DMTError/Code/notFound`` for a strategy that the partitioner does not
  ///   know; ``DMTError/Code/pluginFailed`` for an answer that is no partition or breaks balance or capacity.
  public func checkedPartition(_ request: PartitionRequest) throws(DMTError) -> TowerPartition {
    guard let strategy = strategies.first(where: { $0.name == request.strategy }) else {
      throw DMTError(
        .notFound, "partitioner '\(name)' has no strategy '\(request.strategy)'",
        remedy: Spelling.suggestion(for: request.strategy, in: strategies.map(\.name)))
    }
    try request.check()
    guard request.affinity != nil || !strategy.needsAffinity else {
      throw DMTError(
        .invalidArgument, "strategy '\(strategy.name)' needs the affinity of the features, and none is given")
    }
    let result = try partition(request)
    try result.check(against: request)
    return result
  }
}
