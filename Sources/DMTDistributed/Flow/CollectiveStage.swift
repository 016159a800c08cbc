import DMTCore
import DMTDataflow

/// An all-to-all or a reduce-scatter of a dataflow, with the casts around it.
///
/// A reduce-scatter is an all-to-all and a sum in the members' order, so that it is deterministic at any wire type; its
/// adjoint sends the gradient of the sum to every member.
final class CollectiveStage: FlowStage {
  /// A block that goes to a member.
  private struct Outgoing {
    var member: Int
    var copies: RowCopies
    var width: Int
  }

  /// A block that comes from a member.
  private struct Incoming {
    var member: Int
    var piece: Piece
  }

  private let dtype: DType
  private let forwardWire: WireType
  private let backwardWire: WireType
  private let outgoing: [Outgoing]
  /// The one piece that holds everything that is sent, in the order of the members' rows; nil: it has to be laid out.
  private let wholePiece: Piece?
  private let incoming: [Incoming]
  /// For each block of a reduce-scatter its sum; empty for an all-to-all.
  private let sums: [Piece]
  /// What of ``incoming`` is summed into each of ``sums``.
  private let summands: [[Int]]
  private let call: CollectiveCall
  private let adjoint: CollectiveCall

  private let send = GrowingMemory()
  private let receive = GrowingMemory()
  private let sum = GrowingMemory()
  private let memory: BackwardMemory
  /// Some of the result is dropped: its gradient is 0, and nobody writes it.
  private let dropsSamples: Bool

  /// - Parameters:
  ///   - edge: what this rank sends, all samples.
  ///   - blocksOfMember: for every member of the group the blocks of its edge, before the collective.
  ///   - isSum: a reduce-scatter.
  ///   - dropsSamples: the flow has samples that are dropped at its end.
  ///   - twin: the stage of another batch, whose memory for backward is taken too.
  init(
    edge: [LocatedBlock], blocksOfMember: [[FlowBlock]], group: RankGroup, isSum: Bool, forward: WireType,
    backward: WireType, dtype: DType, links: RankLinks, purpose: String, dropsSamples: Bool = false,
    twin: CollectiveStage? = nil
  ) throws(DMTError) {
    self.dtype = dtype
    self.dropsSamples = dropsSamples
    memory = twin?.memory ?? BackwardMemory()
    forwardWire = forward
    backwardWire = backward
    let groups = links.groups
    let rank = links.rank
    let members = groups.members(of: group, with: rank)
    var outgoing: [Outgoing] = []
    for (position, member) in members.enumerated() {
      for block in edge where !block.columns.isEmpty {
        let samples = block.samples.filter {
          groups.destination(ofSamplesFrom: $0, in: group, with: rank) == member
        }
        guard !samples.isEmpty else { continue }
        outgoing.append(
          Outgoing(
            member: position, copies: try RowCopies(block, samples: samples, dtype: dtype), width: block.width))
      }
    }
    self.outgoing = outgoing
    wholePiece = Self.wholePiece(outgoing)

    var incoming: [Incoming] = []
    var sums: [Piece] = []
    var summands: [[Int]] = []
    for (position, member) in members.enumerated() {
      var place = 0
      for block in blocksOfMember[position] where !block.columns.isEmpty {
        let samples = block.samples.filter {
          groups.destination(ofSamplesFrom: $0, in: group, with: member) == rank
        }
        guard !samples.isEmpty else { continue }
        if isSum {
          if position == 0 || summands.count <= place {
            sums.append(Piece(samples: samples, width: block.width, wire: .native, dtype: dtype))
            summands.append([])
          }
          summands[place].append(incoming.count)
        }
        incoming.append(
          Incoming(member: position, piece: Piece(samples: samples, width: block.width, wire: forward, dtype: dtype)))
        place += 1
      }
    }
    self.incoming = incoming
    self.sums = sums
    self.summands = summands
    results = isSum ? sums : incoming.map(\.piece)
    call = try links.call(group, .embedding, purpose: purpose)
    adjoint = try links.call(group, .embedding, purpose: "adjoint of \(purpose)")
  }

  private static func wholePiece(_ outgoing: [Outgoing]) -> Piece? {
    guard let first = outgoing.first, let piece = first.copies.whole else { return nil }
    for (index, item) in outgoing.enumerated() {
      guard item.copies.whole === piece, index == 0 || outgoing[index - 1].member != item.member else { return nil }
    }
    return piece
  }

  /// The pieces of the result, in the order of the type's blocks.
  let results: [Piece]

  // MARK: - Forward

  override func start(_ context: FlowContext) throws(DMTError) {
    copiedBytes = 0
    for item in incoming { item.piece.begin(context.counts) }
    for piece in sums { piece.begin(context.counts) }
    let sendBase = pack(context.counts)
    var end = 0
    clear(call.receiveCounts)
    for item in incoming {
      let bytes = item.piece.rowCount * item.piece.rowBytes
      if call.receiveCounts[item.member] == 0 { call.receiveOffsets[item.member] = Int64(end) }
      call.receiveCounts[item.member] += Int64(bytes)
      end += bytes
    }
    receive.reserve(end)
    end = 0
    for item in incoming {
      item.piece.base = receive.base + end
      end += item.piece.rowCount * item.piece.rowBytes
    }
    try call.startAllToAll(send: sendBase, receive: receive.base)
  }

  override func finish(_ context: FlowContext) throws(DMTError) {
    try call.wait()
    addUp()
  }

  /// Lays out what is sent, or finds that it already lies as it is sent.
  private func pack(_ counts: [Int]) -> UnsafeRawPointer {
    clear(call.sendCounts)
    if forwardWire == .native, let piece = wholePiece, let base = piece.base {
      for item in outgoing {
        let rows = item.copies.wholeRows
        call.sendOffsets[item.member] = Int64(rows.lowerBound * piece.rowBytes)
        call.sendCounts[item.member] = Int64(rows.count * piece.rowBytes)
      }
      return UnsafeRawPointer(base)
    }
    var end = 0
    for item in outgoing {
      let bytes = item.copies.rowCount(counts) * forwardWire.rowBytes(columns: item.width, dtype: dtype)
      if call.sendCounts[item.member] == 0 { call.sendOffsets[item.member] = Int64(end) }
      call.sendCounts[item.member] += Int64(bytes)
      end += bytes
    }
    send.reserve(end)
    end = 0
    for item in outgoing {
      let rows = item.copies.rowCount(counts)
      if forwardWire == .native {
        copiedBytes += item.copies.gather(to: send.base + end, column: 0, stride: item.width)
      } else {
        memory.rows.reserve(rows * item.width * dtype.byteCount)
        let source: UnsafeMutableRawPointer
        if let piece = item.copies.whole, let base = piece.base {
          source = base + item.copies.wholeRows.lowerBound * piece.rowBytes
        } else {
          source = memory.rows.base
          copiedBytes += item.copies.gather(to: source, column: 0, stride: item.width)
        }
        copiedBytes += RowCodec(wire: forwardWire, dtype: dtype)
          .encode(rows: rows, width: item.width, from: source, to: send.base + end)
      }
      end += rows * forwardWire.rowBytes(columns: item.width, dtype: dtype)
    }
    return UnsafeRawPointer(send.base)
  }

  private func addUp() {
    guard !sums.isEmpty else { return }
    sum.reserve(sums.reduce(0) { $0 + $1.rowCount * $1.rowBytes })
    var end = 0
    for (index, piece) in sums.enumerated() {
      let base = sum.base + end
      piece.base = base
      end += piece.rowCount * piece.rowBytes
      for (place, member) in summands[index].enumerated() {
        let summand = incoming[member].piece
        guard let source = summand.base else { continue }
        copiedBytes += RowCodec(wire: forwardWire, dtype: dtype)
          .sum(rows: piece.rowCount, width: piece.width, from: source, to: base, isFirst: place == 0)
      }
    }
  }

  // MARK: - Backward

  override func prepareBackward() {
    // The gradients of what came in lie as it came in, so that they are sent from where they are.
    memory.gradient.reserve(results.reduce(0) { $0 + $1.rowCount * $1.gradientRowBytes })
    var end = 0
    for piece in results {
      piece.gradient = memory.gradient.base + end
      end += piece.rowCount * piece.gradientRowBytes
    }
    if dropsSamples { memory.gradient.base.initializeMemory(as: UInt8.self, repeating: 0, count: end) }
  }

  override func startBackward(_ context: FlowContext) throws(DMTError) {
    let sendBase = packGradients()
    clear(adjoint.receiveCounts)
    let direct = backwardWire == .native ? wholePiece : nil
    if let piece = direct {
      for item in outgoing {
        let rows = item.copies.wholeRows
        adjoint.receiveOffsets[item.member] = Int64(rows.lowerBound * piece.gradientRowBytes)
        adjoint.receiveCounts[item.member] = Int64(rows.count * piece.gradientRowBytes)
      }
      try adjoint.startAllToAll(send: sendBase, receive: piece.gradient)
      return
    }
    var end = 0
    for item in outgoing {
      let bytes = item.copies.rowCount(context.counts) * backwardWire.rowBytes(columns: item.width, dtype: dtype)
      if adjoint.receiveCounts[item.member] == 0 { adjoint.receiveOffsets[item.member] = Int64(end) }
      adjoint.receiveCounts[item.member] += Int64(bytes)
      end += bytes
    }
    memory.receive.reserve(end)
    try adjoint.startAllToAll(send: sendBase, receive: memory.receive.base)
  }

  override func finishBackward(_ context: FlowContext) throws(DMTError) {
    try adjoint.wait()
    guard backwardWire != .native || wholePiece == nil else { return }
    var end = 0
    for item in outgoing {
      let rows = item.copies.rowCount(context.counts)
      var source = memory.receive.base + end
      if backwardWire != .native {
        memory.rows.reserve(rows * item.width * dtype.byteCount)
        copiedBytes += RowCodec(wire: backwardWire, dtype: dtype)
          .decode(rows: rows, width: item.width, from: source, to: memory.rows.base)
        source = memory.rows.base
      }
      copiedBytes += item.copies.scatter(from: source, column: 0, stride: item.width)
      end += rows * backwardWire.rowBytes(columns: item.width, dtype: dtype)
    }
  }

  /// Lays out the gradients of what came in; a sum's gradient is sent to every member.
  private func packGradients() -> UnsafeRawPointer {
    clear(adjoint.sendCounts)
    let isNative = backwardWire == .native
    func bytes(_ piece: Piece) -> Int { piece.rowCount * backwardWire.rowBytes(columns: piece.width, dtype: dtype) }
    if !isNative { memory.wire.reserve(results.reduce(0) { $0 + bytes($1) }) }
    var end = 0
    for (index, piece) in results.enumerated() {
      if !isNative, let gradient = piece.gradient {
        copiedBytes += RowCodec(wire: backwardWire, dtype: dtype)
          .encode(rows: piece.rowCount, width: piece.width, from: gradient, to: memory.wire.base + end)
      }
      if sums.isEmpty {
        let member = incoming[index].member
        if adjoint.sendCounts[member] == 0 { adjoint.sendOffsets[member] = Int64(end) }
        adjoint.sendCounts[member] += Int64(bytes(piece))
      }
      end += bytes(piece)
    }
    if !sums.isEmpty {
      for member in 0..<adjoint.memberCount {
        adjoint.sendOffsets[member] = 0
        adjoint.sendCounts[member] = Int64(end)
      }
    }
    return UnsafeRawPointer(isNative ? memory.gradient.base : memory.wire.base)
  }

  private func clear(_ counts: UnsafeMutablePointer<Int64>) { counts.update(repeating: 0, count: call.memberCount) }
}
