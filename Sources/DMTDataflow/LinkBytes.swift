/// Bytes that a rank sends, by how far they go. What stays on the rank is not counted.
public struct LinkBytes: Sendable, Hashable, Encodable {
  /// To other ranks on its host.
  public var insideHost: Double
  /// To ranks on other hosts.
  public var acrossHosts: Double

  public init(insideHost: Double = 0, acrossHosts: Double = 0) {
    self.insideHost = insideHost
    self.acrossHosts = acrossHosts
  }

  public static func + (a: LinkBytes, b: LinkBytes) -> LinkBytes {
    LinkBytes(insideHost: a.insideHost + b.insideHost, acrossHosts: a.acrossHosts + b.acrossHosts)
  }

  public static func += (a: inout LinkBytes, b: LinkBytes) { a = a + b }

  /// The sum over ranks.
  public static func sum(_ ofRanks: [LinkBytes]) -> LinkBytes { ofRanks.reduce(LinkBytes(), +) }
}
