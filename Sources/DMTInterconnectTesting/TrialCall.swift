import CDMTPlugin
import DMTCore

/// A collective with buffers of its own.
///
/// Beside every receive buffer lie guard elements that nobody may touch; the arrays of counts are overwritten as soon as the
/// collective has started, because they may be read no longer.
final class TrialCall<Element: TrialElement> {
  private static var guardCount: Int { 16 }
  private let kind: Int32
  private var collective = dmt_collective()
  let send: UnsafeMutableBufferPointer<Element>
  let receive: UnsafeMutableBufferPointer<Element>
  private let memory: UnsafeMutableBufferPointer<Element>
  private let arrays: UnsafeMutablePointer<Int64>
  private let members: Int
  private var ticket: UInt64 = 0

  private init(_ kind: Int32, send: Int, receive: Int, members: Int = 0) {
    self.kind = kind
    self.members = members
    // 64 bytes: the alignment of all memory of the host.
    self.send = Self.allocate(send)
    memory = Self.allocate(receive + 2 * Self.guardCount)
    self.receive = UnsafeMutableBufferPointer(
      rebasing: memory[Self.guardCount..<(Self.guardCount + receive)])
    arrays = .allocate(capacity: max(1, 4 * members))
    arrays.initialize(repeating: 0, count: max(1, 4 * members))
    collective.struct_size = UInt32(MemoryLayout<dmt_collective>.size)
    collective.kind = kind
    collective.dtype = Element.dtype
    collective.send = send > 0 ? UnsafeRawPointer(self.send.baseAddress) : nil
    collective.receive = receive > 0 ? UnsafeMutableRawPointer(self.receive.baseAddress) : nil
  }

  private static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Element> {
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(1, count) * MemoryLayout<Element>.stride, alignment: 64)
    let buffer = UnsafeMutableBufferPointer(
      start: raw.bindMemory(to: Element.self, capacity: max(1, count)), count: count)
    buffer.initialize(repeating: Element(trial: 77))
    return buffer
  }

  deinit {
    send.baseAddress.map { UnsafeMutableRawPointer($0).deallocate() }
    memory.baseAddress.map { UnsafeMutableRawPointer($0).deallocate() }
    arrays.deallocate()
  }

  // MARK: The kinds

  /// Parts lie in the buffers with one element between them; those received are in descending order of the members.
  static func allToAll(send: [Int], receive: [Int]) -> TrialCall {
    let call = TrialCall(
      DMT_ALL_TO_ALL, send: send.reduce(send.count, +), receive: receive.reduce(receive.count, +),
      members: send.count)
    call.collective.send_counts = call.array(0, send)
    call.collective.send_offsets = call.array(1, spread(send, descending: false))
    call.collective.receive_counts = call.array(2, receive)
    call.collective.receive_offsets = call.array(3, spread(receive, descending: true))
    return call
  }

  static func allGather(count: Int, receive: [Int]) -> TrialCall {
    let call = TrialCall(
      DMT_ALL_GATHER, send: count, receive: receive.reduce(receive.count, +), members: receive.count)
    call.collective.count = Int64(count)
    call.collective.receive_counts = call.array(2, receive)
    call.collective.receive_offsets = call.array(3, spread(receive, descending: true))
    return call
  }

  static func allReduce(count: Int, _ reduction: Reduction = .sum, inPlace: Bool = false) -> TrialCall {
    let call = TrialCall(DMT_ALL_REDUCE, send: inPlace ? 0 : count, receive: count)
    if inPlace { call.collective.send = UnsafeRawPointer(call.collective.receive) }
    call.collective.count = Int64(count)
    call.collective.reduction = reduction.rawValue
    return call
  }

  static func reduceScatter(parts: [Int], own: Int, _ reduction: Reduction = .sum) -> TrialCall {
    let call = TrialCall(DMT_REDUCE_SCATTER, send: parts.reduce(0, +), receive: parts[own], members: parts.count)
    call.collective.receive_counts = call.array(2, parts)
    call.collective.reduction = reduction.rawValue
    return call
  }

  static func broadcast(count: Int, root: Int) -> TrialCall {
    let call = TrialCall(DMT_BROADCAST, send: 0, receive: count)
    call.collective.count = Int64(count)
    call.collective.root = Int32(root)
    return call
  }

  static func barrier() -> TrialCall { TrialCall(DMT_BARRIER, send: 0, receive: 0) }

  // MARK: Running

  /// Changes the collective before it is started.
  func breaking(_ change: (inout dmt_collective) -> Void) -> TrialCall {
    change(&collective)
    return self
  }

  @discardableResult
  func start(on communicator: any Communicator) throws(DMTError) -> TrialCall {
    ticket = try communicator.start(&collective)
    for index in 0..<(4 * members) { arrays[index] = -9 }
    return self
  }

  func isDone(on communicator: any Communicator) throws(DMTError) -> Bool { try communicator.isDone(ticket) }

  func wait(on communicator: any Communicator, milliseconds: Int = 0) throws(DMTError) {
    try communicator.wait(ticket, timeoutMilliseconds: milliseconds)
  }

  @discardableResult
  func run(on communicator: any Communicator) throws(DMTError) -> TrialCall {
    try start(on: communicator)
    try wait(on: communicator)
    return self
  }

  // MARK: Elements

  /// Fills what is sent.
  @discardableResult
  func filling(_ element: (Int) -> Element) -> TrialCall {
    let isInPlace = collective.send != nil && collective.send == UnsafeRawPointer(collective.receive)
    let target = kind == DMT_BROADCAST || isInPlace ? receive : send
    for index in target.indices { target[index] = element(index) }
    return self
  }

  /// Fills part `member` of an all_to_all.
  @discardableResult
  func filling(part member: Int, of counts: [Int], _ element: (Int) -> Element) -> TrialCall {
    let start = Self.spread(counts, descending: false)[member]
    for index in 0..<counts[member] { send[start + index] = element(index) }
    return self
  }

  /// What was received; of an all_to_all or all_gather the part of a member.
  var received: [Element] { Array(receive) }

  func received(from member: Int, of counts: [Int]) -> [Element] {
    let start = Self.spread(counts, descending: true)[member]
    return Array(receive[start..<(start + counts[member])])
  }

  /// Whether the elements beside and between the received ones are as they were.
  func guardsAreWhole(of counts: [Int]? = nil) -> Bool {
    let mark = Element(trial: 77)
    let ends = memory.prefix(Self.guardCount).allSatisfy { $0 == mark }
    let starts = memory.suffix(Self.guardCount).allSatisfy { $0 == mark }
    guard let counts else { return ends && starts }
    let gaps = zip(Self.spread(counts, descending: true), counts).allSatisfy { receive[$0 + $1] == mark }
    return ends && starts && gaps
  }

  /// Where parts begin that have one element behind each.
  private static func spread(_ counts: [Int], descending: Bool) -> [Int] {
    var starts = counts
    var next = 0
    for index in descending ? Array(counts.indices.reversed()) : Array(counts.indices) {
      starts[index] = next
      next += counts[index] + 1
    }
    return starts
  }

  private func array(_ number: Int, _ values: [Int]) -> UnsafePointer<Int64> {
    let start = arrays + number * members
    for (index, value) in values.enumerated() { start[index] = Int64(value) }
    return UnsafePointer(start)
  }
}
