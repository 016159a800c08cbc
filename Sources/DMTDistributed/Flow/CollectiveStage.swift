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
  private let gradient = GrowingMemory()
  private let gradientWire = GrowingMemory()
  private let gradientReceive = GrowingMemory()
  private let row = GrowingMemory()

  /// - Parameters:
  ///   - edge: what this rank sends, all samples.
  ///   - blocksOfMember: for every member of the group the blocks of its edge, before the collective.
  ///   - isSum: a reduce-scatter.
  init(
    edge: [LocatedBlock], blocksOfMember: [[FlowBlock]], group: RankGroup, isSum: Bool, forward: WireType,
    backward: WireType, dtype: DType, links: RankLinks, purpose: String
  ) throws(DMTError) {
    self.dtype = dtype
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

  override func forward(_ context: FlowContext) throws(DMTError) {
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
        row.reserve(rows * item.width * dtype.byteCount)
        let source: UnsafeMutableRawPointer
        if let piece = item.copies.whole, let base = piece.base {
          source = base + item.copies.wholeRows.lowerBound * piece.rowBytes
        } else {
          source = row.base
          copiedBytes += item.copies.gather(to: source, column: 0, stride: item.width)
        }
        encode(source, rows: rows, width: item.width, wire: forwardWire, to: send.base + end)
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
        let codec = RowCodec(wire: forwardWire, dtype: dtype)
        for row in 0..<piece.rowCount {
          let (from, to) = (source + row * summand.rowBytes, base + row * piece.rowBytes)
          if place == 0 {
            codec.decode(from, column: 0, count: piece.width, to: to)
          } else {
            codec.add(from, count: piece.width, to: to)
          }
        }
        copiedBytes += piece.rowCount * piece.rowBytes
      }
    }
  }

  // MARK: - Backward

  override func prepareBackward() {
    // The gradients of what came in lie as it came in, so that they are sent from where they are.
    gradient.reserve(results.reduce(0) { $0 + $1.rowCount * $1.gradientRowBytes })
    var end = 0
    for piece in results {
      piece.gradient = gradient.base + end
      end += piece.rowCount * piece.gradientRowBytes
    }
  }

  override func backward(_ context: FlowContext) throws(DMTError) {
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
      try adjoint.wait()
      return
    }
    var end = 0
    for item in outgoing {
      let bytes = item.copies.rowCount(context.counts) * backwardWire.rowBytes(columns: item.width, dtype: dtype)
      if adjoint.receiveCounts[item.member] == 0 { adjoint.receiveOffsets[item.member] = Int64(end) }
      adjoint.receiveCounts[item.member] += Int64(bytes)
      end += bytes
    }
    gradientReceive.reserve(end)
    try adjoint.startAllToAll(send: sendBase, receive: gradientReceive.base)
    try adjoint.wait()
    end = 0
    for item in outgoing {
      let rows = item.copies.rowCount(context.counts)
      var source = gradientReceive.base + end
      if backwardWire != .native {
        row.reserve(rows * item.width * dtype.byteCount)
        decode(source, rows: rows, width: item.width, wire: backwardWire, to: row.base)
        source = row.base
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
    if !isNative { gradientWire.reserve(results.reduce(0) { $0 + bytes($1) }) }
    var end = 0
    for (index, piece) in results.enumerated() {
      if !isNative, let gradient = piece.gradient {
        encode(gradient, rows: piece.rowCount, width: piece.width, wire: backwardWire, to: gradientWire.base + end)
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
    return UnsafeRawPointer(isNative ? gradient.base : gradientWire.base)
  }

  // MARK: - Parts

  private func encode(
    _ source: UnsafeMutableRawPointer, rows: Int, width: Int, wire: WireType, to target: UnsafeMutableRawPointer
  ) {
    let codec = RowCodec(wire: wire, dtype: dtype)
    let (from, to) = (width * dtype.byteCount, wire.rowBytes(columns: width, dtype: dtype))
    for row in 0..<rows { codec.encode(source + row * from, to: target + row * to, count: width) }
    copiedBytes += rows * to
  }

  private func decode(
    _ source: UnsafeMutableRawPointer, rows: Int, width: Int, wire: WireType, to target: UnsafeMutableRawPointer
  ) {
    let codec = RowCodec(wire: wire, dtype: dtype)
    let (from, to) = (wire.rowBytes(columns: width, dtype: dtype), width * dtype.byteCount)
    for row in 0..<rows { codec.decode(source + row * from, column: 0, count: width, to: target + row * to) }
    copiedBytes += rows * to
  }

  private func clear(_ counts: UnsafeMutablePointer<Int64>) { counts.update(repeating: 0, count: call.memberCount) }
}
