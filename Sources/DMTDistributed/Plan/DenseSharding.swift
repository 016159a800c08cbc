import DMTCore

/// How the ranks keep the over-arch's parameters, gradients and optimizer states (FSDP, VLDB 2023).
///
/// Tower modules stay whole on every rank of their tower group.
public enum DenseSharding: Sendable, Hashable {
  /// Every rank keeps everything.
  case replicated
  /// Ranks keep parts of everything; units of about `unitBytes` are brought together where they are computed with.
  case fullySharded(Mode, unitBytes: Int)

  /// Which ranks keep parts, and how long a unit stays whole.
  public enum Mode: String, Sendable, Hashable, CaseIterable {
    /// Parts over all ranks; a unit is brought together before its forward and again before its backward.
    case full
    /// Parts over all ranks; a unit that was brought together before forward stays until it is updated.
    case gradOp = "grad_op"
    /// Parts over the ranks of a host, alike on every host; otherwise as `full`.
    case hybrid
  }

  /// Bytes of a unit where nothing else is said.
  public static let defaultUnitBytes = 4 << 20

  /// Units of ``defaultUnitBytes``.
  public static func fullySharded(_ mode: Mode) -> DenseSharding {
    .fullySharded(mode, unitBytes: defaultUnitBytes)
  }
}

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
