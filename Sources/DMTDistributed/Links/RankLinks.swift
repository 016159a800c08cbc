package import DMTCore

/// A rank's communicators: every group that a dataflow may name, on every lane that carries its traffic.
package final class RankLinks {
  package let groups: TowerGroups
  package let rank: Int
  package let connection: any RankConnection
  package let ledger = WaitLedger()
  private var communicators: [Key: any Communicator] = [:]
  /// Of ranks that are no group of a dataflow.
  private var others: [OtherKey: any Communicator] = [:]

  private struct Key: Hashable {
    var group: RankGroup
    var lane: Lane
  }

  private struct OtherKey: Hashable {
    var ranks: [Int]
    var lane: Lane
  }

  /// Makes the communicators; every rank of the world does so at the same time.
  ///
  /// - Throws: whatever the interconnect throws, ``DMTError/Code/interconnectFailed`` among it.
  package init(_ connection: any RankConnection, groups: TowerGroups) throws(DMTError) {
    self.groups = groups
    self.connection = connection
    rank = connection.rank
    for (group, lanes) in [
      (RankGroup.world, Lane.allCases), (.tower, [.index, .embedding, .dense]), (.peers, [.index, .embedding]),
    ] {
      for lane in lanes {
        communicators[Key(group: group, lane: lane)] = try connection.communicator(
          ranks: groups.members(of: group, with: rank), lane: lane)
      }
    }
  }

  /// Ranks in all.
  package var rankCount: Int { groups.topology.rankCount }

  /// A collective of this rank's group on a lane, to be started again and again.
  package func call(_ group: RankGroup, _ lane: Lane, purpose: String) throws(DMTError) -> CollectiveCall {
    CollectiveCall(try communicator(group, lane), lane: lane, ledger: ledger, purpose: purpose)
  }

  /// A collective among any ranks on a lane, this rank among them; all of them ask for it at the same time.
  package func call(ranks: [Int], _ lane: Lane, purpose: String) throws(DMTError) -> CollectiveCall {
    for group in RankGroup.allCases where groups.members(of: group, with: rank) == ranks {
      guard let known = communicators[Key(group: group, lane: lane)] else { continue }
      return CollectiveCall(known, lane: lane, ledger: ledger, purpose: purpose)
    }
    let key = OtherKey(ranks: ranks, lane: lane)
    if let known = others[key] {
      return CollectiveCall(known, lane: lane, ledger: ledger, purpose: purpose)
    }
    let made = try connection.communicator(ranks: ranks, lane: lane)
    others[key] = made
    return CollectiveCall(made, lane: lane, ledger: ledger, purpose: purpose)
  }

  /// The communicator of this rank's group on a lane.
  ///
  /// - Throws: ``DMTError/Code/internalError`` for a lane that no such group uses.
  package func communicator(_ group: RankGroup, _ lane: Lane) throws(DMTError) -> any Communicator {
    guard let found = communicators[Key(group: group, lane: lane)] else {
      throw DMTError(.internalError, "group \(group) has no communicator on lane \(lane)")
    }
    return found
  }
}
