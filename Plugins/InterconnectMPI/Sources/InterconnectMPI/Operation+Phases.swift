import DMTPluginKit

/// What a collective does, phase by phase. In every one this rank sends to and receives from some members.
extension Operation {
  private var members: Members { communicator.members }
  private var own: Int { communicator.members.own }

  /// An all_reduce: every level's parts are reduced by their owners, then given back, the last level first. A small one is
  /// reduced by everyone.
  private var isSmall: Bool {
    count * elementBytes <= communicator.tuning.smallReductionBytes / members.count
  }

  private var phaseCount: Int { kind == .allReduce && !isSmall ? 2 * members.levels.count : 1 }

  /// Starts the messages of a phase.
  func post(_ engine: MPIEngine) {
    switch kind {
    case .barrier:
      exchange(engine) { _ in
        Part(nil, 0)
      } receive: { _ in
        Part(nil, 0)
      }
    case .broadcast:
      if own == root {
        for member in members.all where member != own {
          engine.send(self, to: member, receive.map { UnsafeRawPointer($0) }, bytes: count * elementBytes)
        }
      } else {
        engine.receive(self, from: root, receive, bytes: count * elementBytes)
      }
    case .allGather:
      let mine = Part(send.map { UnsafeMutableRawPointer(mutating: $0) }, count * elementBytes)
      exchange(engine) { _ in
        mine
      } receive: {
        received($0)
      }
    case .allToAll:
      exchange(engine) {
        sent($0)
      } receive: {
        received($0)
      }
    case .reduceScatter: postReduction(engine, members.all, from: send)
    case .allReduce:
      if phase < members.levels.count {
        postReduction(engine, isSmall ? members.all : members.levels[phase], from: levelSource)
      } else {
        let level = 2 * members.levels.count - 1 - phase
        let set = members.levels[level]
        for (place, member) in set.enumerated() where member != own {
          let theirs = region(level, place)
          engine.receive(self, from: member, base.map { $0 + theirs.start }, bytes: theirs.bytes)
        }
        let mine = region(level, set.firstIndex(of: own) ?? 0)
        for member in set where member != own {
          engine.send(self, to: member, base.map { UnsafeRawPointer($0 + mine.start) }, bytes: mine.bytes)
        }
      }
    }
  }

  /// Computes what follows the messages of a phase.
  ///
  /// - Returns: whether another phase follows.
  func finishPhase() -> Bool {
    switch kind {
    case .barrier, .broadcast: break
    case .allGather:
      let mine = received(own)
      copy(send, to: mine.start, bytes: mine.bytes)
    case .allToAll:
      let (from, to) = (sent(own), received(own))
      copy(from.start.map { UnsafeRawPointer($0) }, to: to.start, bytes: to.bytes)
    case .reduceScatter: reduce(members.all, from: send)
    case .allReduce:
      if phase < members.levels.count {
        reduce(isSmall ? members.all : members.levels[phase], from: levelSource)
      }
    }
    phase += 1
    return phase < phaseCount
  }

  // MARK: Parts

  /// Memory of a message.
  private struct Part {
    var start: UnsafeMutableRawPointer?
    var bytes: Int

    init(_ start: UnsafeMutableRawPointer?, _ bytes: Int) {
      self.start = start
      self.bytes = bytes
    }
  }

  /// Where results lie.
  private var base: UnsafeMutableRawPointer? { receive }

  /// What a level of an all_reduce reduces: what the caller sends, then what the level before has made of it.
  private var levelSource: UnsafeRawPointer? { phase == 0 ? send : receive.map { UnsafeRawPointer($0) } }

  private func sent(_ member: Int) -> Part {
    Part(
      send.map { UnsafeMutableRawPointer(mutating: $0) + sendOffsets[member] * elementBytes },
      sendCounts[member] * elementBytes)
  }

  private func received(_ member: Int) -> Part {
    Part(receive.map { $0 + receiveOffsets[member] * elementBytes }, receiveCounts[member] * elementBytes)
  }

  /// Sends to and receives from every other member; everybody begins with its neighbour, so that no one is overrun.
  private func exchange(_ engine: MPIEngine, _ send: (Int) -> Part, receive: (Int) -> Part) {
    for distance in 1..<max(1, members.count) {
      let member = (own + members.count - distance) % members.count
      let part = receive(member)
      engine.receive(self, from: member, part.start, bytes: part.bytes)
    }
    for distance in 1..<max(1, members.count) {
      let member = (own + distance) % members.count
      let part = send(member)
      engine.send(self, to: member, part.start.map { UnsafeRawPointer($0) }, bytes: part.bytes)
    }
  }

  private func copy(_ source: UnsafeRawPointer?, to target: UnsafeMutableRawPointer?, bytes: Int) {
    guard bytes > 0, let source, let target, source != UnsafeRawPointer(target) else { return }
    target.copyMemory(from: source, byteCount: bytes)
  }

  // MARK: Reductions

  /// The elements of an all_reduce that this rank's set of `level` has, cut into one part for each of its members: place
  /// `place`'s, in bytes.
  private func region(_ level: Int, _ place: Int) -> (start: Int, bytes: Int) {
    var (low, high) = (0, count)
    for upper in 0..<level {
      let set = members.levels[upper]
      let mine = set.firstIndex(of: own) ?? 0
      (low, high) = (low + (high - low) * mine / set.count, low + (high - low) * (mine + 1) / set.count)
    }
    let size = members.levels[level].count
    let (start, end) = (low + (high - low) * place / size, low + (high - low) * (place + 1) / size)
    return (start * elementBytes, (end - start) * elementBytes)
  }

  /// The part that the member at `place` of the set reduces, in bytes.
  private func reducedPart(_ place: Int) -> (start: Int, bytes: Int) {
    if kind == .allReduce { return isSmall ? (0, count * elementBytes) : region(phase, place) }
    var start = 0
    for member in 0..<place { start += receiveCounts[member] }
    return (start * elementBytes, receiveCounts[place] * elementBytes)
  }

  private func postReduction(_ engine: MPIEngine, _ set: [Int], from source: UnsafeRawPointer?) {
    let place = set.firstIndex(of: own) ?? 0
    let mine = reducedPart(place)
    scratch.reserve(set.count * mine.bytes)
    for distance in 1..<max(1, set.count) {
      let other = (place + set.count - distance) % set.count
      engine.receive(self, from: set[other], scratch.memory.map { $0 + other * mine.bytes }, bytes: mine.bytes)
    }
    for distance in 1..<max(1, set.count) {
      let other = (place + distance) % set.count
      let theirs = reducedPart(other)
      engine.send(self, to: set[other], source.map { $0 + theirs.start }, bytes: theirs.bytes)
    }
  }

  /// Reduces in the order of the set, whoever's part came first.
  private func reduce(_ set: [Int], from source: UnsafeRawPointer?) {
    let place = set.firstIndex(of: own) ?? 0
    let mine = reducedPart(place)
    guard mine.bytes > 0, let source, let memory = scratch.memory, let receive else { return }
    if place == 0 { memory.copyMemory(from: source + mine.start, byteCount: mine.bytes) }
    for other in 1..<max(1, set.count) {
      reduction.combine(
        other == place ? source + mine.start : UnsafeRawPointer(memory + other * mine.bytes), into: memory,
        count: mine.bytes / elementBytes, dtype: dtype)
    }
    let target = kind == .allReduce ? receive + mine.start : receive
    target.copyMemory(from: memory, byteCount: mine.bytes)
  }
}
