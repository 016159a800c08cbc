import DMTPluginKit

/// What a member brings to a collective: a checked description of it, the copied data, and where its results go.
struct Contribution {
  var kind = CollectiveKind.barrier
  var dtype = dmt_dtype()
  var elementBytes = 0
  var reduction = Reduction.sum
  var root = 0
  var count = 0
  var receive: UnsafeMutableRawPointer?
  var mailbox = ReusableMemory()
  var state = State.absent

  enum State { case absent, copying, there, left }
}

/// One collective on its way; used again when all members have left it. The group's monitor guards it, the mailboxes
/// excepted: their owners write before they are there, and everybody reads afterwards.
final class Slot {
  let members: Int
  /// Number of the collective in its group, from 1.
  var number: UInt64 = 0
  var arrived = 0
  var left = 0
  /// The next piece of a reduction that nobody has taken, and how many are done.
  var nextPiece = 0
  var donePieces = 0
  /// [members]
  let contributions: UnsafeMutablePointer<Contribution>
  /// [members][members] elements that a member sends to another, where they begin in its mailbox, elements that it expects
  /// from another, and where it wants them.
  let sendCounts: UnsafeMutablePointer<Int>
  let sendStarts: UnsafeMutablePointer<Int>
  let receiveCounts: UnsafeMutablePointer<Int>
  let receiveOffsets: UnsafeMutablePointer<Int>

  /// Bytes of a piece of a reduction: small enough to stay in a core's cache while the members are summed.
  static let pieceBytes = 32_768

  init(members: Int) {
    self.members = members
    contributions = .allocate(capacity: members)
    contributions.initialize(repeating: Contribution(), count: members)
    func matrix() -> UnsafeMutablePointer<Int> {
      let memory = UnsafeMutablePointer<Int>.allocate(capacity: members * members)
      memory.initialize(repeating: 0, count: members * members)
      return memory
    }
    sendCounts = matrix()
    sendStarts = matrix()
    receiveCounts = matrix()
    receiveOffsets = matrix()
  }

  deinit {
    for member in 0..<members { contributions[member].mailbox.free() }
    contributions.deallocate()
    sendCounts.deallocate()
    sendStarts.deallocate()
    receiveCounts.deallocate()
    receiveOffsets.deallocate()
  }

  /// Makes it the collective of another number.
  func reset(_ number: UInt64) {
    self.number = number
    arrived = 0
    left = 0
    nextPiece = 0
    donePieces = 0
    for member in 0..<members { contributions[member].state = .absent }
  }

  /// Elements of a piece, and pieces in all, of a reduction in which `member` takes part.
  func pieces(_ member: Int) -> (elements: Int, count: Int) {
    let own = contributions[member]
    guard own.kind.reduces else { return (0, 0) }
    let elements = Self.pieceBytes / own.elementBytes
    return (elements, (own.count + elements - 1) / elements)
  }

  /// Reduces a piece into the first member's mailbox, in the members' order whoever does it.
  func reduce(_ piece: Int, as member: Int) {
    let own = contributions[member]
    let elements = pieces(member).elements
    let count = min(elements, own.count - piece * elements)
    let start = piece * elements * own.elementBytes
    guard count > 0, let target = contributions[0].mailbox.memory else { return }
    for other in 1..<max(1, members) {
      guard let source = contributions[other].mailbox.memory else { return }
      own.reduction.combine(source + start, into: target + start, count: count, dtype: own.dtype)
    }
  }
}
