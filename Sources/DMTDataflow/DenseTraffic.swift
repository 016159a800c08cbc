public import DMTCore

/// What bringing dense parameters and their gradients together sends in a step of training.
public struct DenseTraffic: Sendable, Hashable, Encodable {
  /// What each rank sends for the parameters that every rank has.
  public var overArch: [LinkBytes]
  /// What each rank sends for the tower modules that its tower group serves.
  public var towers: [LinkBytes]
}

extension CheckedFlow {
  /// What bringing dense parameters and gradients together sends, as rings of ascending ranks do it: a gather, or the half of
  /// an all-reduce that scatters sums, (n - 1) / n of the bytes from each of n ranks to the next one.
  ///
  /// - Parameters:
  ///   - overArchBytes: bytes of the gradients of the parameters outside towers.
  ///   - towerBytes: bytes of the gradients of every tower's module. They are summed inside the tower group where towers
  ///     run in the flow, otherwise over the world.
  ///   - sharding: how the over-arch is kept. All-reduce is two rounds; a sharded one is gathered before forward, scattered
  ///     after backward, and gathered again before backward as far as it was not kept.
  ///   - gatheredAgainBytes: bytes of the parameters that are gathered again before backward.
  public func denseTraffic(
    overArchBytes: Double, towerBytes: [Double], sharding: DenseSharding = .replicated,
    gatheredAgainBytes: Double = 0
  ) -> DenseTraffic {
    let groups = request.groups
    let all = groups.members(of: .world, with: 0)
    var world = [LinkBytes](repeating: LinkBytes(), count: all.count)
    func add(_ sent: [LinkBytes]) { for (rank, bytes) in sent.enumerated() { world[rank] += bytes } }
    if case .fullySharded(.hybrid, _) = sharding {
      let (hosts, perHost) = (groups.topology.hosts, groups.topology.ranksPerHost)
      for host in 0..<hosts {
        add(ring((0..<perHost).map { host * perHost + $0 }, bytes: 2 * overArchBytes + gatheredAgainBytes))
      }
      for place in 0..<perHost {
        add(ring((0..<hosts).map { $0 * perHost + place }, bytes: 2 * overArchBytes / Double(perHost)))
      }
    } else {
      add(ring(all, bytes: 2 * overArchBytes + gatheredAgainBytes))
    }
    guard runsTowers else {
      return DenseTraffic(overArch: world, towers: ring(all, bytes: 2 * towerBytes.reduce(0, +)))
    }
    var towers = [LinkBytes](repeating: LinkBytes(), count: world.count)
    for group in 0..<groups.count {
      let bytes = zip(request.towers, towerBytes).reduce(0) { $0 + ($1.0.group == group ? $1.1 : 0) }
      let members = groups.members(of: .tower, with: group * groups.size)
      for (rank, sent) in ring(members, bytes: 2 * bytes).enumerated() { towers[rank] += sent }
    }
    return DenseTraffic(overArch: world, towers: towers)
  }

  /// One round of a ring over all bytes.
  private func ring(_ members: [Int], bytes: Double) -> [LinkBytes] {
    var count = TrafficCount(topology: request.groups.topology)
    let sent = Double(members.count - 1) / Double(members.count) * bytes
    for (place, rank) in members.enumerated() {
      count.addForward(sent, from: rank, to: members[(place + 1) % members.count])
    }
    return count.forward
  }
}
