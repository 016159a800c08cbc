import DMTPluginKit
import Synchronization

/// Ranks are threads of this process; what they send is copied into memory of the interconnect and out of it again.
struct ThreadsInterconnect: Interconnect {
  let name = "threads"
  let isEmbedded = true

  func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    guard let rankCount, rankCount >= 1 else {
      throw DMTError(.invalidArgument, "the number of ranks is not given", remedy: "say how many threads are ranks")
    }
    return ThreadWorld(rankCount: rankCount, timeoutMilliseconds: timeoutMilliseconds)
  }
}

/// The ranks of a process, and the groups that they have made.
final class ThreadWorld: InterconnectWorld {
  let rankCount: Int
  let ownRank: Int? = nil
  let hostOfRank: [Int]
  let timeoutMilliseconds: Int
  private let groups = Mutex<[GroupKey: Group]>([:])
  private let abortMessage = Mutex<String?>(nil)
  private let isAborted = Atomic<Bool>(false)

  /// What makes a group: its members, its lane, and how many such groups a member made before.
  struct GroupKey: Hashable {
    let ranks: [Int]
    let lane: Lane
    let ordinal: Int
  }

  init(rankCount: Int, timeoutMilliseconds: Int) {
    self.rankCount = rankCount
    self.timeoutMilliseconds = timeoutMilliseconds
    hostOfRank = Array(repeating: 0, count: rankCount)
  }

  func connect(rank: Int) throws(DMTError) -> any RankConnection { ThreadConnection(rank: rank, world: self) }

  /// The group that all members with this key share.
  func group(_ key: GroupKey) -> Group {
    groups.withLock { known in
      if let found = known[key] { return found }
      let made = Group(ranks: key.ranks, lane: key.lane)
      known[key] = made
      return made
    }
  }

  /// Wakes every waiting rank of every group; the first message stays.
  func abort(_ message: String) {
    abortMessage.withLock { $0 = $0 ?? message }
    isAborted.store(true, ordering: .sequentiallyConsistent)
    for group in groups.withLock({ Array($0.values) }) { group.wakeAll() }
  }

  /// Why the world ended; nil while it goes on.
  var failure: DMTError? {
    guard isAborted.load(ordering: .sequentiallyConsistent) else { return nil }
    return DMTError(.interconnectFailed, abortMessage.withLock { $0 } ?? "a rank failed")
  }
}

/// A rank's access to the others.
final class ThreadConnection: RankConnection {
  let rank: Int
  private let world: ThreadWorld
  private var made: [ThreadWorld.GroupKey: Int] = [:]
  private var memberships: [(group: Group, member: Int)] = []

  init(rank: Int, world: ThreadWorld) {
    self.rank = rank
    self.world = world
  }

  /// Who waits for this rank from now on waits in vain.
  deinit {
    for (group, member) in memberships { group.leave(member) }
  }

  func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
    guard let member = ranks.firstIndex(of: rank) else {
      throw DMTError(.invalidArgument, "rank \(rank) is not among ranks \(ranks)")
    }
    let kind = ThreadWorld.GroupKey(ranks: ranks, lane: lane, ordinal: 0)
    let ordinal = made[kind, default: 0]
    made[kind] = ordinal + 1
    let group = world.group(.init(ranks: ranks, lane: lane, ordinal: ordinal))
    memberships.append((group, member))
    return ThreadCommunicator(group, member: member, world: world)
  }

  func abort(_ message: String) { world.abort("rank \(rank) gave up: \(message)") }
}
