public import CDMTPlugin

/// What a collective does with the members' data.
public enum CollectiveKind: Int32, Sendable, Hashable, CaseIterable {
  /// Member i sends a part to every member.
  case allToAll = 0
  /// Every member receives the reduction of all members' elements.
  case allReduce = 1
  /// Member i receives the reduction of part i of all members.
  case reduceScatter = 2
  /// Every member receives what every member sends.
  case allGather = 3
  /// Every member receives what the root holds.
  case broadcast = 4
  /// Ends when all have begun it.
  case barrier = 5

  /// The word for it in messages.
  public var name: String {
    switch self {
    case .allToAll: "all_to_all"
    case .allReduce: "all_reduce"
    case .reduceScatter: "reduce_scatter"
    case .allGather: "all_gather"
    case .broadcast: "broadcast"
    case .barrier: "barrier"
    }
  }

  /// Whether it reduces.
  public var reduces: Bool { self == .allReduce || self == .reduceScatter }
}

/// A collective whose numbers and pointers keep the rules of `dmt/interconnect.h`, as far as one member can tell.
///
/// Pointers are the caller's: the arrays are valid while the collective is started, the buffers until it was waited for.
public struct Collective {
  public let kind: CollectiveKind
  public let dtype: dmt_dtype
  /// Bytes of an element; 0 for a barrier.
  public let elementBytes: Int
  public let reduction: Reduction
  /// Position of the root; 0 unless it is a broadcast.
  public let root: Int
  public let send: UnsafeRawPointer?
  public let receive: UnsafeMutableRawPointer?
  /// Elements; of a reduce_scatter those that every member sends.
  public let count: Int
  public let sendCounts: UnsafePointer<Int64>?
  public let sendOffsets: UnsafePointer<Int64>?
  public let receiveCounts: UnsafePointer<Int64>?
  public let receiveOffsets: UnsafePointer<Int64>?

  /// Reads a collective and checks it.
  ///
  /// - Parameters:
  ///   - members: of the communicator.
  ///   - own: the position of this rank among them.
  /// - Throws: ``DMTError/Code/invalidArgument`` naming the first rule that it breaks.
  public init(
    checking pointer: UnsafePointer<dmt_collective>?, members: Int, own: Int
  ) throws(DMTError) {
    guard let pointer else { throw DMTError(.invalidArgument, "the collective is NULL") }
    guard Int(pointer.pointee.struct_size) >= dmt_collective.firstSize else {
      throw DMTError(
        .invalidArgument,
        "the collective has struct_size \(pointer.pointee.struct_size), expected \(dmt_collective.firstSize)")
    }
    let given = pointer.pointee
    guard let kind = CollectiveKind(rawValue: given.kind) else {
      throw DMTError(.invalidArgument, "a collective of kind \(given.kind), expected 0 to 5")
    }
    self.kind = kind
    dtype = given.dtype
    elementBytes = try Self.elementBytes(given.dtype, kind)
    guard let reduction = kind.reduces ? Reduction(rawValue: given.reduction) : .sum else {
      throw DMTError(.invalidArgument, "\(kind.name): reduction \(given.reduction), expected 0 (sum) or 1 (max)")
    }
    self.reduction = reduction
    root = kind == .broadcast ? Int(given.root) : 0
    send = given.send
    receive = given.receive
    sendCounts = given.send_counts
    sendOffsets = given.send_offsets
    receiveCounts = given.receive_counts
    receiveOffsets = given.receive_offsets
    let rules = CollectiveRules(kind: kind, elementBytes: elementBytes, members: members, own: own)
    count = try rules.check(given)
  }

  private static func elementBytes(_ dtype: dmt_dtype, _ kind: CollectiveKind) throws(DMTError) -> Int {
    if kind == .barrier { return 0 }
    let bits = Int(dtype.bits) * Int(dtype.lanes)
    let isWhole = bits > 0 && bits % 8 == 0
    let isReducible =
      dtype.lanes == 1 && (dtype.bits == 32 || dtype.bits == 64)
      && (Int32(dtype.code) == DMT_DTYPE_FLOAT || Int32(dtype.code) == DMT_DTYPE_INT)
    guard isWhole, isReducible || !kind.reduces else {
      throw DMTError(
        .invalidArgument,
        "\(kind.name) of elements (code \(dtype.code), \(dtype.bits) bits, \(dtype.lanes) lanes), expected "
          + (kind.reduces ? "float32, float64, int32 or int64" : "whole bytes"))
    }
    return bits / 8
  }
}

/// The rules of counts, offsets and pointers.
private struct CollectiveRules {
  let kind: CollectiveKind
  let elementBytes: Int
  let members: Int
  let own: Int

  /// Elements of the collective.
  func check(_ given: dmt_collective) throws(DMTError) -> Int {
    switch kind {
    case .barrier: return 0
    case .allReduce:
      try buffer(given.send, given.count, "send")
      try buffer(given.receive, given.count, "receive")
    case .broadcast:
      guard (0..<members).contains(Int(given.root)) else {
        throw broken("the root is member \(given.root) of \(members)")
      }
      try buffer(given.receive, given.count, "receive")
    case .allGather:
      try buffer(given.send, given.count, "send")
      try parts(given.receive_counts, given.receive_offsets, given.receive, "receive")
      try same(given.count, given.receive_counts[own])
    case .allToAll:
      try parts(given.send_counts, given.send_offsets, given.send, "send")
      try parts(given.receive_counts, given.receive_offsets, given.receive, "receive")
      try same(given.send_counts[own], given.receive_counts[own])
    case .reduceScatter:
      guard let counts = given.receive_counts else { throw broken("receive_counts is NULL") }
      var total: Int64 = 0
      for index in 0..<members {
        try element(counts[index], at: total, "receive_counts[\(index)]")
        total += counts[index]
      }
      try buffer(given.send, total, "send")
      try buffer(given.receive, counts[own], "receive")
      return Int(total)
    }
    return kind == .allToAll ? 0 : Int(given.count)
  }

  private func parts(
    _ counts: UnsafePointer<Int64>?, _ offsets: UnsafePointer<Int64>?, _ memory: UnsafeRawPointer?,
    _ side: StaticString
  ) throws(DMTError) {
    guard let counts, let offsets else { throw broken("\(side)_counts or \(side)_offsets is NULL") }
    var total: Int64 = 0
    for index in 0..<members {
      guard offsets[index] >= 0 else { throw broken("\(side)_offsets[\(index)] is \(offsets[index])") }
      try element(counts[index], at: max(total, offsets[index]), "\(side)_counts[\(index)]")
      total += counts[index]
    }
    try buffer(memory, total, side)
  }

  /// A count that fits into memory behind `start`.
  private func element(_ count: Int64, at start: Int64, _ what: @autoclosure () -> String) throws(DMTError) {
    let (end, overflow) = start.addingReportingOverflow(count)
    guard count >= 0, !overflow, !end.multipliedReportingOverflow(by: Int64(elementBytes)).overflow else {
      throw broken("\(what()) is \(count)")
    }
  }

  private func buffer(_ memory: UnsafeRawPointer?, _ count: Int64, _ what: StaticString) throws(DMTError) {
    try element(count, at: 0, "the count")
    guard count > 0 else { return }
    guard let memory else { throw broken("\(what) is NULL for \(count) elements") }
    guard !kind.reduces || UInt(bitPattern: memory) % UInt(elementBytes) == 0 else {
      throw broken("\(what) is not aligned to its elements")
    }
  }

  private func same(_ sent: Int64, _ received: Int64) throws(DMTError) {
    guard sent == received else {
      throw broken("this rank sends \(sent) elements to itself and receives \(received)")
    }
  }

  private func broken(_ message: String) -> DMTError { DMTError(.invalidArgument, "\(kind.name): \(message)") }
}
