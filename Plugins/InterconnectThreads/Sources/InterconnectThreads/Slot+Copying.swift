import DMTPluginKit

/// What goes into the mailboxes at the start and out of them at the end.
extension Slot {
  /// Copies what `member` sends, and remembers where it wants its results.
  func put(_ collective: Collective, as member: Int) {
    let own = contributions + member
    own.pointee.kind = collective.kind
    own.pointee.dtype = collective.dtype
    own.pointee.elementBytes = collective.elementBytes
    own.pointee.reduction = collective.reduction
    own.pointee.root = collective.root
    own.pointee.count = collective.count
    own.pointee.receive = collective.receive
    let row = member * members
    switch collective.kind {
    case .barrier: return
    case .broadcast:
      if member == collective.root { put(collective.receive, elements: collective.count, as: member) }
    case .allReduce, .allGather:
      put(collective.send, elements: collective.count, as: member)
    case .reduceScatter:
      put(collective.send, elements: collective.count, as: member)
    case .allToAll:
      var total = 0
      for other in 0..<members {
        let count = Int(collective.sendCounts?[other] ?? 0)
        sendCounts[row + other] = count
        sendStarts[row + other] = total
        total += count
      }
      own.pointee.mailbox.reserve(total * collective.elementBytes)
      guard let mailbox = own.pointee.mailbox.memory, let send = collective.send, total > 0 else { break }
      for other in 0..<members where sendCounts[row + other] > 0 {
        (mailbox + sendStarts[row + other] * collective.elementBytes).copyMemory(
          from: send + Int(collective.sendOffsets?[other] ?? 0) * collective.elementBytes,
          byteCount: sendCounts[row + other] * collective.elementBytes)
      }
    }
    for other in 0..<members {
      receiveCounts[row + other] = Int(collective.receiveCounts?[other] ?? 0)
      receiveOffsets[row + other] = Int(collective.receiveOffsets?[other] ?? 0)
    }
  }

  private func put(_ data: UnsafeRawPointer?, elements: Int, as member: Int) {
    let bytes = elements * contributions[member].elementBytes
    contributions[member].mailbox.reserve(bytes)
    guard bytes > 0, let data else { return }
    contributions[member].mailbox.memory?.copyMemory(from: data, byteCount: bytes)
  }

  /// Copies the results of `member` to where it wants them; all members are there, and reductions are done.
  func take(as member: Int) {
    let own = contributions[member]
    let size = own.elementBytes
    switch own.kind {
    case .barrier: break
    case .broadcast:
      if member != own.root { copy(own.root, 0, to: own.receive, 0, own.count * size) }
    case .allReduce:
      copy(0, 0, to: own.receive, 0, own.count * size)
    case .reduceScatter:
      var start = 0
      for other in 0..<member { start += receiveCounts[member * members + other] }
      copy(0, start * size, to: own.receive, 0, receiveCounts[member * members + member] * size)
    case .allGather:
      for other in 0..<members {
        let place = member * members + other
        copy(other, 0, to: own.receive, receiveOffsets[place] * size, receiveCounts[place] * size)
      }
    case .allToAll:
      for other in 0..<members {
        let place = member * members + other
        copy(
          other, sendStarts[other * members + member] * size, to: own.receive, receiveOffsets[place] * size,
          receiveCounts[place] * size)
      }
    }
  }

  private func copy(
    _ other: Int, _ start: Int, to receive: UnsafeMutableRawPointer?, _ offset: Int, _ bytes: Int
  ) {
    guard bytes > 0, let receive, let mailbox = contributions[other].mailbox.memory else { return }
    (receive + offset).copyMemory(from: mailbox + start, byteCount: bytes)
  }

  /// What keeps the members' collectives from being one and the same, as `member` sees it; nil: nothing.
  func mismatch(_ member: Int) -> (other: Int, problem: String)? {
    let own = contributions[member]
    for other in 0..<members where other != member {
      let its = contributions[other]
      guard its.kind == own.kind else { return (other, "started \(its.kind.name)") }
      guard its.elementBytes == own.elementBytes, its.dtype.code == own.dtype.code || !own.kind.reduces else {
        return (other, "has elements of code \(its.dtype.code) and \(8 * its.elementBytes) bits")
      }
      guard its.reduction == own.reduction else { return (other, "reduces by \(its.reduction)") }
      guard its.root == own.root else { return (other, "has member \(its.root) as the root") }
      if let problem = countMismatch(member, other) { return (other, problem) }
    }
    return nil
  }

  private func countMismatch(_ member: Int, _ other: Int) -> String? {
    let (own, its) = (contributions[member], contributions[other])
    let place = member * members + other
    switch own.kind {
    case .barrier: return nil
    case .allReduce, .broadcast:
      return its.count == own.count ? nil : "has \(its.count) elements where this rank has \(own.count)"
    case .reduceScatter:
      for part in 0..<members
      where receiveCounts[other * members + part] != receiveCounts[member * members + part] {
        return "has \(receiveCounts[other * members + part]) elements in part \(part) where this rank has "
          + "\(receiveCounts[member * members + part])"
      }
      return nil
    case .allGather, .allToAll:
      let sent = own.kind == .allGather ? its.count : sendCounts[other * members + member]
      return sent == receiveCounts[place]
        ? nil : "sends \(sent) elements where this rank expects \(receiveCounts[place])"
    }
  }
}
