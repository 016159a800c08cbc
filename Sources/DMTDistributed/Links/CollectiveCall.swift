import CDMTPlugin
package import DMTCore

/// One collective of a step, whose arrays are made once and used again every step.
package final class CollectiveCall {
  package let memberCount: Int
  /// What it is for, in errors: `all_to_all of step 3`.
  package let purpose: String
  package let sendCounts: UnsafeMutablePointer<Int64>
  package let sendOffsets: UnsafeMutablePointer<Int64>
  package let receiveCounts: UnsafeMutablePointer<Int64>
  package let receiveOffsets: UnsafeMutablePointer<Int64>
  private let communicator: any Communicator
  private let lane: Lane
  private let ledger: WaitLedger
  private let call: UnsafeMutablePointer<dmt_collective>
  private var ticket: UInt64 = 0

  init(_ communicator: any Communicator, lane: Lane, ledger: WaitLedger, purpose: String) {
    self.communicator = communicator
    self.lane = lane
    self.ledger = ledger
    self.purpose = purpose
    memberCount = communicator.ranks.count
    func array(_ count: Int) -> UnsafeMutablePointer<Int64> {
      let memory = UnsafeMutablePointer<Int64>.allocate(capacity: count)
      memory.initialize(repeating: 0, count: count)
      return memory
    }
    sendCounts = array(memberCount)
    sendOffsets = array(memberCount)
    receiveCounts = array(memberCount)
    receiveOffsets = array(memberCount)
    call = .allocate(capacity: 1)
    var call = dmt_collective()
    call.struct_size = UInt32(MemoryLayout<dmt_collective>.size)
    call.send_counts = UnsafePointer(sendCounts)
    call.send_offsets = UnsafePointer(sendOffsets)
    call.receive_counts = UnsafePointer(receiveCounts)
    call.receive_offsets = UnsafePointer(receiveOffsets)
    self.call.initialize(to: call)
  }

  deinit {
    sendCounts.deallocate()
    sendOffsets.deallocate()
    receiveCounts.deallocate()
    receiveOffsets.deallocate()
    call.deallocate()
  }

  /// Ranks of the members, in the order of counts and offsets.
  package var members: [Int] { communicator.ranks }

  /// Whether it was started and not waited for yet.
  package var isUnderWay: Bool { ticket != 0 }

  /// Lets what the members send lie one behind the other in their order.
  ///
  /// - Parameter count: what a member sends, in the collective's elements.
  /// - Returns: all of it.
  package func layOutReceives(_ count: (_ member: Int) -> Int) -> Int {
    var end = 0
    for member in 0..<memberCount {
      let count = count(member)
      receiveOffsets[member] = Int64(end)
      receiveCounts[member] = Int64(count)
      end += count
    }
    return end
  }

  /// Begins an all_to_all of bytes with the counts and offsets at hand.
  package func startAllToAll(
    send: UnsafeRawPointer?, receive: UnsafeMutableRawPointer?
  ) throws(DMTError) {
    call.pointee.kind = DMT_ALL_TO_ALL
    call.pointee.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_UINT), bits: 8, lanes: 1)
    call.pointee.send = send
    call.pointee.receive = receive
    try start()
  }

  /// Begins a sum over all members in place.
  package func startSum(_ memory: UnsafeMutableRawPointer, count: Int, dtype: DType) throws(DMTError) {
    call.pointee.kind = DMT_ALL_REDUCE
    call.pointee.reduction = DMT_REDUCE_SUM
    call.pointee.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: UInt8(dtype.byteCount * 8), lanes: 1)
    call.pointee.send = UnsafeRawPointer(memory)
    call.pointee.receive = memory
    call.pointee.count = Int64(count)
    try start()
  }

  /// Begins a sum over all members, of which member i gets part i: `receiveCounts` elements of everybody's.
  package func startReduceScatter(
    send: UnsafeRawPointer, receive: UnsafeMutableRawPointer, dtype: DType
  ) throws(DMTError) {
    call.pointee.kind = DMT_REDUCE_SCATTER
    call.pointee.reduction = DMT_REDUCE_SUM
    call.pointee.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: UInt8(dtype.byteCount * 8), lanes: 1)
    call.pointee.send = send
    call.pointee.receive = receive
    call.pointee.count = 0
    try start()
  }

  /// Begins an all_gather of bytes: `count` of this rank's, `receiveCounts` of everybody's.
  package func startAllGather(
    send: UnsafeRawPointer?, count: Int, receive: UnsafeMutableRawPointer?
  ) throws(DMTError) {
    call.pointee.kind = DMT_ALL_GATHER
    call.pointee.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_UINT), bits: 8, lanes: 1)
    call.pointee.send = send
    call.pointee.receive = receive
    call.pointee.count = Int64(count)
    try start()
  }

  /// Begins a broadcast of bytes from the member at position `root`.
  package func startBroadcast(
    _ memory: UnsafeMutableRawPointer, count: Int, root: Int
  ) throws(DMTError) {
    call.pointee.kind = DMT_BROADCAST
    call.pointee.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_UINT), bits: 8, lanes: 1)
    call.pointee.root = Int32(root)
    call.pointee.send = nil
    call.pointee.receive = memory
    call.pointee.count = Int64(count)
    try start()
  }

  /// Whether what was started is finished, without waiting.
  package func isDone() throws(DMTError) -> Bool { ticket == 0 ? true : try communicator.isDone(ticket) }

  /// Waits for what was started; at once where nothing was.
  package func wait() throws(DMTError) {
    guard ticket != 0 else { return }
    let waited = ticket
    ticket = 0
    let start = WaitTimes.now()
    defer { ledger.add(WaitTimes.now() - start, lane: lane) }
    do throws(DMTError) {
      try communicator.wait(waited, timeoutMilliseconds: 0)
    } catch {
      throw error.at(.init(phase: purpose))
    }
  }

  private func start() throws(DMTError) {
    guard ticket == 0 else {
      throw DMTError(.internalError, "\(purpose) was started twice without a wait")
    }
    do throws(DMTError) {
      ticket = try communicator.start(UnsafePointer(call))
    } catch {
      throw error.at(.init(phase: purpose))
    }
  }
}
