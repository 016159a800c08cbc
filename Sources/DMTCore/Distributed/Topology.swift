/// Hosts and the ranks on each of them: rank g is rank g mod M of host g / M, M being the ranks a host.
public struct Topology: Sendable, Hashable, CustomStringConvertible {
  /// Hosts.
  public let hosts: Int
  /// Ranks on every host.
  public let ranksPerHost: Int

  /// One rank.
  public static let single = Topology(validHosts: 1, ranksPerHost: 1)
  /// The most ranks: what a rank number of the contract holds, and far more than was ever tried.
  public static let maximumRanks = 65_536

  private init(validHosts hosts: Int, ranksPerHost: Int) {
    self.hosts = hosts
    self.ranksPerHost = ranksPerHost
  }

  /// `hosts` times `ranksPerHost` ranks.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` unless both are at least 1 and their product at most ``maximumRanks``.
  public init(hosts: Int, ranksPerHost: Int) throws(DMTError) {
    let (count, overflow) = hosts.multipliedReportingOverflow(by: ranksPerHost)
    guard hosts >= 1, ranksPerHost >= 1, !overflow, count <= Self.maximumRanks else {
      throw DMTError(
        .invalidArgument,
        "a topology of \(hosts) hosts with \(ranksPerHost) ranks each, expected 1 or more of both and at most "
          + "\(Self.maximumRanks) ranks")
    }
    self.init(validHosts: hosts, ranksPerHost: ranksPerHost)
  }

  /// Reads `HOSTSxRANKS`, such as `4x2`; a number alone is as many ranks on one host.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for another text.
  public init(parsing text: String) throws(DMTError) {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, (1...2).contains(numbers.count) else {
      throw DMTError(
        .invalidArgument, "'\(text)' is no topology", remedy: "write HOSTSxRANKS: 4x2 is four hosts with two ranks each"
      )
    }
    try self.init(hosts: numbers.count == 2 ? numbers[0] : 1, ranksPerHost: numbers[numbers.count - 1])
  }

  /// The topology of ranks whose host numbers are known, as an interconnect reports them.
  ///
  /// - Parameter hostOfRank: for each rank the number of its host.
  /// - Throws: ``DMTError/Code/invalidArgument`` when hosts have unequal numbers of ranks, or when the ranks of a host do not
  ///   follow each other.
  public init(hostOfRank: [Int]) throws(DMTError) {
    let hosts = Set(hostOfRank).count
    guard hosts > 0 else { throw DMTError(.invalidArgument, "a topology without ranks") }
    var sizes: [Int: Int] = [:]
    for host in hostOfRank { sizes[host, default: 0] += 1 }
    guard let size = sizes.values.max(), sizes.values.allSatisfy({ $0 == size }) else {
      let list = sizes.sorted { $0.key < $1.key }.map { "host \($0.key): \($0.value)" }.joined(separator: ", ")
      throw DMTError(
        .invalidArgument, "the hosts have unequal numbers of ranks (\(list))",
        remedy: "start as many ranks on every host")
    }
    for (rank, host) in hostOfRank.enumerated() where hostOfRank[rank / size * size] != host {
      throw DMTError(
        .invalidArgument,
        "rank \(rank) is on host \(host), rank \(rank / size * size) on host \(hostOfRank[rank / size * size])",
        remedy: "let the launcher fill a host before the next one (mpirun --map-by slot)")
    }
    try self.init(hosts: hosts, ranksPerHost: size)
  }

  /// Ranks in all.
  public var rankCount: Int { hosts * ranksPerHost }
  /// The host of `rank`.
  public func host(of rank: Int) -> Int { rank / ranksPerHost }

  /// `4x2`.
  public var description: String { "\(hosts)x\(ranksPerHost)" }
}
