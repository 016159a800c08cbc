import DMTPluginKit
import Glibc

/// The interconnect `@COMPONENT@`: ranks that are threads of one process, joined by one lock.
///
/// A collective is an exchange: start copies what a member sends into it, and wait, when all members have started, copies out
/// what this member receives. Reductions add the members up in their order, so every member gets the same bits.
struct @EXAMPLE@: Interconnect {
  let name = "@COMPONENT@"
  let isEmbedded = true

  func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    guard let rankCount, rankCount >= 1 else {
      throw DMTError(.invalidArgument, "the number of ranks is not given, or below 1")
    }
    return World(rankCount: rankCount, timeoutMilliseconds: timeoutMilliseconds)
  }
}

/// The ranks of a process. Its lock guards everything below it.
final class World: InterconnectWorld, @unchecked Sendable {
  /// What makes a group: its members, its lane, and how many such groups a member made before.
  struct GroupKey: Hashable {
    let ranks: [Int]
    let lane: Lane
    let ordinal: Int
  }

  let rankCount: Int
  let ownRank: Int? = nil
  let hostOfRank: [Int]
  let timeoutMilliseconds: Int
  let monitor = Monitor()
  /// Why the world ended; nil while it goes on.
  var failure: DMTError?
  private var groups: [GroupKey: Group] = [:]

  init(rankCount: Int, timeoutMilliseconds: Int) {
    self.rankCount = rankCount
    self.timeoutMilliseconds = timeoutMilliseconds
    hostOfRank = Array(repeating: 0, count: rankCount)
  }

  func connect(rank: Int) throws(DMTError) -> any RankConnection { Connection(rank: rank, world: self) }

  /// The group that all members with this key share.
  func group(_ key: GroupKey) -> Group {
    monitor.locked {
      let group = groups[key] ?? Group(ranks: key.ranks)
      groups[key] = group
      return group
    }
  }
}

/// The ranks of a communicator, and their collectives under way.
final class Group {
  let ranks: [Int]
  var exchanges: [UInt64: Exchange] = [:]
  /// Members whose connection has ended.
  var gone: Set<Int> = []

  init(ranks: [Int]) { self.ranks = ranks }
}

/// A rank's access to the others.
final class Connection: RankConnection {
  let rank: Int
  private let world: World
  private var made: [World.GroupKey: Int] = [:]
  private var memberships: [(group: Group, member: Int)] = []

  init(rank: Int, world: World) {
    self.rank = rank
    self.world = world
  }

  /// Who waits for this rank from now on waits in vain.
  deinit {
    world.monitor.locked {
      for (group, member) in memberships { group.gone.insert(member) }
      world.monitor.broadcast()
    }
  }

  func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
    guard let member = ranks.firstIndex(of: rank) else {
      throw DMTError(.invalidArgument, "rank \(rank) is not among ranks \(ranks)")
    }
    let ordinal = made[World.GroupKey(ranks: ranks, lane: lane, ordinal: 0), default: 0]
    made[World.GroupKey(ranks: ranks, lane: lane, ordinal: 0)] = ordinal + 1
    let group = world.group(World.GroupKey(ranks: ranks, lane: lane, ordinal: ordinal))
    memberships.append((group, member))
    return Member(group: group, member: member, world: world)
  }

  func abort(_ message: String) {
    world.monitor.locked {
      if world.failure == nil { world.failure = DMTError(.interconnectFailed, "rank \(rank) gave up: \(message)") }
      world.monitor.broadcast()
    }
  }
}

/// A member's access to its group. Its ticket is the collective's number in the group.
final class Member: Communicator {
  private let group: Group
  private let member: Int
  private let world: World
  private var started: UInt64 = 0

  init(group: Group, member: Int, world: World) {
    self.group = group
    self.member = member
    self.world = world
  }

  var ranks: [Int] { group.ranks }

  func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64 {
    // The kit checks what one member can tell is wrong.
    let part = Part(try Collective(checking: collective, members: ranks.count, own: member), members: ranks.count)
    return try world.monitor.locked { () throws(DMTError) in
      if let failure = world.failure { throw failure }
      started += 1
      let exchange = group.exchanges[started] ?? Exchange(members: ranks.count)
      group.exchanges[started] = exchange
      exchange.parts[member] = part
      if exchange.isComplete { world.monitor.broadcast() }
      return started
    }
  }

  func isDone(_ ticket: UInt64) throws(DMTError) -> Bool {
    try world.monitor.locked { () throws(DMTError) in
      if let failure = world.failure { throw failure }
      return try underWay(ticket).isComplete
    }
  }

  func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError) {
    let milliseconds = timeoutMilliseconds > 0 ? timeoutMilliseconds : world.timeoutMilliseconds
    try world.monitor.locked { () throws(DMTError) in
      let exchange = try underWay(ticket)
      defer {
        exchange.taken.insert(member)
        if exchange.taken.count == ranks.count { group.exchanges[ticket] = nil }
      }
      do throws(DMTError) {
        try awaitAll(exchange, milliseconds)
        exchange.receive(as: member)
      } catch {
        let kind = exchange.parts[member]?.kind.name ?? "collective"
        throw DMTError(
          error.code, "rank \(ranks[member]), \(kind) number \(ticket) among \(ranks.count) ranks: \(error.message)",
          remedy: error.remedy)
      }
    }
  }

  /// The exchange of a ticket that this member has started and not taken.
  private func underWay(_ ticket: UInt64) throws(DMTError) -> Exchange {
    guard let exchange = group.exchanges[ticket], exchange.parts[member] != nil, !exchange.taken.contains(member) else {
      throw DMTError(.invalidArgument, "ticket \(ticket) is not under way")
    }
    return exchange
  }

  /// Waits until all members have started the same collective; the lock is held but for the waiting.
  private func awaitAll(_ exchange: Exchange, _ milliseconds: Int) throws(DMTError) {
    let deadline = Monitor.deadline(milliseconds: milliseconds)
    while !exchange.isComplete {
      if let failure = world.failure { throw failure }
      let missing = ranks.indices.filter { exchange.parts[$0] == nil }
      if let member = missing.first(where: group.gone.contains) {
        throw DMTError(.interconnectFailed, "rank \(ranks[member]) left", remedy: "look for what it says")
      }
      if !world.monitor.wait(until: deadline), !exchange.isComplete {
        let names = ranks.indices.filter { exchange.parts[$0] == nil }.map { "rank \(ranks[$0])" }
        throw DMTError(
          .interconnectFailed, "\(names.joined(separator: ", ")) did not arrive within \(milliseconds) ms",
          remedy: "look for what the others say")
      }
    }
    if let other = exchange.misfit(for: member) {
      throw DMTError(.invalidArgument, "rank \(ranks[other]) started another collective or other counts")
    }
  }
}

/// What a member brought to a collective, and where it wants its results.
struct Part {
  let kind: CollectiveKind
  let dtype: dmt_dtype
  let reduction: Reduction
  let root: Int
  let count: Int
  /// Bytes of an element.
  let bytes: Int
  let receive: UnsafeMutableRawPointer?
  let sendCounts: [Int]
  let receiveCounts: [Int]
  let receiveOffsets: [Int]
  /// What it sends: of an all_to_all, the parts one after the other.
  var data: [UInt8] = []

  init(_ given: Collective, members: Int) {
    func list(_ values: UnsafePointer<Int64>?) -> [Int] { (0..<members).map { Int(values?[$0] ?? 0) } }
    kind = given.kind
    dtype = given.dtype
    reduction = given.reduction
    root = given.root
    count = given.count
    bytes = given.elementBytes
    receive = given.receive
    sendCounts = given.kind == .allToAll ? list(given.sendCounts) : []
    receiveCounts = given.kind == .barrier ? [] : list(given.receiveCounts)
    receiveOffsets = given.kind == .barrier ? [] : list(given.receiveOffsets)
    switch given.kind {
    case .barrier: break
    case .broadcast: copy(UnsafeRawPointer(given.receive), from: 0, count)
    case .allReduce, .allGather, .reduceScatter: copy(given.send, from: 0, count)
    case .allToAll:
      for (offset, count) in zip(list(given.sendOffsets), sendCounts) { copy(given.send, from: offset, count) }
    }
  }

  private mutating func copy(_ source: UnsafeRawPointer?, from offset: Int, _ elements: Int) {
    guard let source, elements > 0 else { return }
    data.append(contentsOf: UnsafeRawBufferPointer(start: source + offset * bytes, count: elements * bytes))
  }

  /// Whether what member `other` brought is the collective that this member, `own`, started.
  func fits(_ its: Part, own: Int, other: Int) -> Bool {
    guard its.kind == kind, its.bytes == bytes, its.reduction == reduction, its.root == root,
      !kind.reduces || its.dtype.code == dtype.code
    else { return false }
    return switch kind {
    case .barrier: true
    case .broadcast, .allReduce: its.count == count
    case .allGather: its.count == receiveCounts[other]
    case .allToAll: its.sendCounts[own] == receiveCounts[other]
    case .reduceScatter: its.receiveCounts == receiveCounts
    }
  }
}

/// One collective on its way.
final class Exchange {
  var parts: [Part?]
  /// Members that have waited for it.
  var taken: Set<Int> = []

  init(members: Int) { parts = Array(repeating: nil, count: members) }

  var isComplete: Bool { !parts.contains { $0 == nil } }

  /// A member whose collective does not fit that of `own`; nil: all fit.
  func misfit(for own: Int) -> Int? {
    guard let mine = parts[own] else { return nil }
    return parts.indices.first { other in parts[other].map { !mine.fits($0, own: own, other: other) } ?? false }
  }

  /// Copies out what a member receives; all are there.
  func receive(as own: Int) {
    let parts = parts.compactMap(\.self)
    guard let target = parts[own].receive else { return }
    let mine = parts[own]
    func put(_ offset: Int, _ part: Part, from start: Int, _ elements: Int) {
      part.data.withUnsafeBytes { data in
        guard elements > 0, let source = data.baseAddress else { return }
        (target + offset * mine.bytes).copyMemory(from: source + start * mine.bytes, byteCount: elements * mine.bytes)
      }
    }
    func reduce(from start: Int, _ elements: Int) {
      put(0, parts[0], from: start, elements)
      for part in parts.dropFirst() where elements > 0 {
        part.data.withUnsafeBytes { data in
          guard let source = data.baseAddress else { return }
          mine.reduction.combine(source + start * mine.bytes, into: target, count: elements, dtype: mine.dtype)
        }
      }
    }
    switch mine.kind {
    case .barrier: break
    case .broadcast: if own != mine.root { put(0, parts[mine.root], from: 0, mine.count) }
    case .allReduce: reduce(from: 0, mine.count)
    case .reduceScatter: reduce(from: mine.receiveCounts.prefix(own).reduce(0, +), mine.receiveCounts[own])
    case .allGather:
      for (other, part) in parts.enumerated() {
        put(mine.receiveOffsets[other], part, from: 0, mine.receiveCounts[other])
      }
    case .allToAll:
      for (other, part) in parts.enumerated() {
        let start = part.sendCounts.prefix(own).reduce(0, +)
        put(mine.receiveOffsets[other], part, from: start, mine.receiveCounts[other])
      }
    }
  }
}

/// A lock with a condition that waits until a time of the monotonic clock.
final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs code that only one thread at a time may run.
  func locked<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  func broadcast() { pthread_cond_broadcast(condition) }

  /// Waits, unlocked meanwhile, for a broadcast; false when the time has come first.
  func wait(until deadline: timespec) -> Bool {
    var deadline = deadline
    return pthread_cond_timedwait(condition, mutex, &deadline) != ETIMEDOUT
  }

  static func deadline(milliseconds: Int) -> timespec {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let nanoseconds = time.tv_nsec + milliseconds % 1000 * 1_000_000
    time.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
    time.tv_nsec = nanoseconds % 1_000_000_000
    return time
  }
}
