/// Which ranks a step of a dataflow joins.
public enum RankGroup: Int32, Sendable, Hashable, CaseIterable {
  /// All ranks.
  case world = 0
  /// The ranks of one tower group.
  case tower = 1
  /// The ranks at the same place of every tower group.
  case peers = 2
}

/// Deals the ranks of a topology into tower groups of W ranks: rank g is at place g mod W of group g / W.
///
/// A tower group is one host, some hosts, or an equal part of one (DMT, arXiv 2403.00877, section 3.1.3).
public struct TowerGroups: Sendable, Hashable {
  /// The ranks.
  public let topology: Topology
  /// Ranks of a tower group, W.
  public let size: Int

  /// Tower groups of `size` ranks.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` unless `size` divides the ranks and is a divisor or a multiple of the ranks
  ///   a host.
  public init(_ topology: Topology, size: Int) throws(DMTError) {
    guard size >= 1, topology.rankCount % size == 0,
      size % topology.ranksPerHost == 0 || topology.ranksPerHost % size == 0
    else {
      throw DMTError(
        .invalidArgument,
        "a tower group of \(size) ranks does not fit \(topology) ranks",
        remedy: "a tower group is a host (\(topology.ranksPerHost) ranks), an equal part of one, or some hosts whose "
          + "number divides \(topology.hosts)")
    }
    self.topology = topology
    self.size = size
  }

  /// Tower groups.
  public var count: Int { topology.rankCount / size }
  /// The tower group of `rank`.
  public func group(of rank: Int) -> Int { rank / size }
  /// The place of `rank` in its tower group.
  public func place(of rank: Int) -> Int { rank % size }

  /// All ranks by (place, group): those that end up at one place of a tower group follow each other.
  ///
  /// The paper prints the key (g mod T, g / T) for T groups, which is right only where T = W.
  public var peerOrder: [Int] { (0..<size).flatMap { place in (0..<count).map { $0 * size + place } } }

  /// The ranks that `rank` is joined with, itself included, ascending.
  public func members(of group: RankGroup, with rank: Int) -> [Int] {
    switch group {
    case .world: Array(0..<topology.rankCount)
    case .tower: (0..<size).map { rank / size * size + $0 }
    case .peers: (0..<count).map { $0 * size + rank % size }
    }
  }

  /// The member of the group of `rank` that the samples of rank `source` are sent to; nil: this group does not carry them.
  ///
  /// In the world it is the source itself, in a tower group the member at the source's place, among peers the source.
  public func destination(ofSamplesFrom source: Int, in group: RankGroup, with rank: Int) -> Int? {
    switch group {
    case .world: source
    case .tower: rank / size * size + source % size
    case .peers: source % size == rank % size ? source : nil
    }
  }
}
