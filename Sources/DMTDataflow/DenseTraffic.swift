internal import DMTCore

/// What all-reducing the gradients of dense parameters sends in a step of training.
public struct DenseTraffic: Sendable, Hashable, Encodable {
  /// What each rank sends for the parameters that every rank has.
  public var overArch: [LinkBytes]
  /// What each rank sends for the tower modules that its tower group serves.
  public var towers: [LinkBytes]
}

extension CheckedFlow {
  /// What all-reducing dense gradients sends, as rings of ascending ranks do it: 2 (n - 1) / n of the bytes from each of n
  /// ranks to the next one.
  ///
  /// - Parameters:
  ///   - overArchBytes: bytes of the gradients of the parameters outside towers.
  ///   - towerBytes: bytes of the gradients of every tower's module. They are summed inside the tower group where towers
  ///     run in the flow, otherwise over the world.
  public func denseTraffic(overArchBytes: Double, towerBytes: [Double]) -> DenseTraffic {
    let groups = request.groups
    let world = ring(groups.members(of: .world, with: 0), bytes: overArchBytes)
    guard runsTowers else {
      return DenseTraffic(
        overArch: world, towers: ring(groups.members(of: .world, with: 0), bytes: towerBytes.reduce(0, +)))
    }
    var towers = [LinkBytes](repeating: LinkBytes(), count: world.count)
    for group in 0..<groups.count {
      let bytes = zip(request.towers, towerBytes).reduce(0) { $0 + ($1.0.group == group ? $1.1 : 0) }
      let members = groups.members(of: .tower, with: group * groups.size)
      for (rank, sent) in ring(members, bytes: bytes).enumerated() { towers[rank] += sent }
    }
    return DenseTraffic(overArch: world, towers: towers)
  }

  private func ring(_ members: [Int], bytes: Double) -> [LinkBytes] {
    var count = TrafficCount(topology: request.groups.topology)
    let sent = 2 * Double(members.count - 1) / Double(members.count) * bytes
    for (place, rank) in members.enumerated() {
      count.addForward(sent, from: rank, to: members[(place + 1) % members.count])
    }
    return count.forward
  }
}
