import DMTCore

/// The ranks with which a rank shares the over-arch.
struct ShardGroups {
  /// Units stay whole from forward to the update.
  var keepsUnits: Bool
  var unitBytes: Int
  /// Each of them keeps another part; ascending.
  var shards: [Int]
  /// All of them keep the same part; ascending.
  var replicas: [Int]
  var rank: Int

  /// This rank's place among those that keep other parts.
  var place: Int { shards.firstIndex(of: rank) ?? 0 }
  /// This rank answers for its part where several keep it.
  var isAnswered: Bool { replicas.first == rank }

  /// nil: every rank keeps everything.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for units without bytes.
  init?(_ sharding: DenseSharding, topology: Topology, rank: Int) throws(DMTError) {
    guard case .fullySharded(let mode, let unitBytes) = sharding else { return nil }
    guard unitBytes > 0 else {
      throw DMTError(
        .invalidArgument, "units of the over-arch have \(unitBytes) bytes",
        remedy: "give 1 or more; \(DenseSharding.defaultUnitBytes) is a good size")
    }
    self.rank = rank
    self.unitBytes = unitBytes
    keepsUnits = mode == .gradOp
    if mode == .hybrid {
      let perHost = topology.ranksPerHost
      shards = (0..<perHost).map { rank / perHost * perHost + $0 }
      replicas = (0..<topology.hosts).map { $0 * perHost + rank % perHost }
    } else {
      shards = Array(0..<topology.rankCount)
      replicas = [rank]
    }
  }
}
