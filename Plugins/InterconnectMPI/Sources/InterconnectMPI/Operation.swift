import DMTPluginKit

/// A collective on its way: phases of messages, each followed by what is computed from them. Used again.
final class Operation {
  enum State { case idle, running, done }

  /// Its operations end before it does.
  unowned let communicator: MPICommunicator
  var state = State.idle
  /// From 1, on its communicator.
  var number: UInt64 = 0
  var phase = 0
  /// Messages of the phase that are not done.
  var pending = 0
  var failure: DMTError?

  private(set) var kind = CollectiveKind.barrier
  private(set) var dtype = dmt_dtype()
  private(set) var elementBytes = 0
  private(set) var reduction = Reduction.sum
  private(set) var root = 0
  private(set) var count = 0
  private(set) var send: UnsafeRawPointer?
  private(set) var receive: UnsafeMutableRawPointer?
  /// [members] of each, copied: the caller's arrays are read during start only.
  let sendCounts: UnsafeMutablePointer<Int>
  let sendOffsets: UnsafeMutablePointer<Int>
  let receiveCounts: UnsafeMutablePointer<Int>
  let receiveOffsets: UnsafeMutablePointer<Int>
  /// What other members send to be reduced.
  var scratch = ReusableMemory()

  init(_ communicator: MPICommunicator) {
    self.communicator = communicator
    let members = communicator.members.count
    func array() -> UnsafeMutablePointer<Int> {
      let memory = UnsafeMutablePointer<Int>.allocate(capacity: members)
      memory.initialize(repeating: 0, count: members)
      return memory
    }
    sendCounts = array()
    sendOffsets = array()
    receiveCounts = array()
    receiveOffsets = array()
  }

  deinit {
    sendCounts.deallocate()
    sendOffsets.deallocate()
    receiveCounts.deallocate()
    receiveOffsets.deallocate()
    scratch.free()
  }

  /// Becomes the next collective.
  func begin(_ collective: Collective, number: UInt64) {
    self.number = number
    phase = 0
    pending = 0
    failure = nil
    state = .running
    kind = collective.kind
    dtype = collective.dtype
    elementBytes = collective.elementBytes
    reduction = collective.reduction
    root = collective.root
    count = collective.count
    send = collective.send
    receive = collective.receive
    for member in 0..<communicator.members.count {
      sendCounts[member] = Int(collective.sendCounts?[member] ?? 0)
      sendOffsets[member] = Int(collective.sendOffsets?[member] ?? 0)
      receiveCounts[member] = Int(collective.receiveCounts?[member] ?? 0)
      receiveOffsets[member] = Int(collective.receiveOffsets?[member] ?? 0)
    }
  }

  var title: CollectiveTitle {
    let members = communicator.members
    return CollectiveTitle(
      rank: members.ranks[members.own], kind: kind, number: number, ranks: members.ranks, lane: communicator.lane)
  }

  /// A tag that no other phase of a collective that may be under way has; 32767 is the least that MPI allows.
  var tag: Int32 { communicator.meetingTag ?? Int32(number % 4096) * 8 + Int32(phase) }
}
