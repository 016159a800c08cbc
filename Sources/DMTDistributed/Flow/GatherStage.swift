import DMTCore
import DMTDataflow

/// An all-gather of a dataflow, with the casts around it.
///
/// Forward brings the samples of all members to every one. The adjoint is a reduce-scatter: an all-to-all of gradients and a
/// sum in the members' order, so that it is deterministic at any wire type.
final class GatherStage: FlowStage {
  /// A block, of which every member has the rows of its own samples.
  private struct Block {
    /// This rank's rows.
    var copies: RowCopies
    /// The rows of all members, in their order.
    var piece: Piece
    /// For each member the positions of its ranks in the piece's samples.
    var positions: [Range<Int>]
    var call: CollectiveCall
    var adjoint: CollectiveCall
    let send = GrowingMemory()
    let receive = GrowingMemory()
    let memory: BackwardMemory
  }

  private let dtype: DType
  private let forwardCodec: RowCodec
  private let backwardCodec: RowCodec
  private let blocks: [Block]
  private let ownPosition: Int

  /// - Parameters:
  ///   - edge: this rank's blocks.
  ///   - blocksOfMember: for every member of the group the blocks of its edge, before the collective.
  ///   - twin: the stage of another batch, whose memory for backward is taken too.
  init(
    edge: [LocatedBlock], blocksOfMember: [[FlowBlock]], group: RankGroup, forward: WireType, backward: WireType,
    dtype: DType, links: RankLinks, purpose: String, twin: GatherStage? = nil
  ) throws(DMTError) {
    self.dtype = dtype
    forwardCodec = RowCodec(wire: forward, dtype: dtype)
    backwardCodec = RowCodec(wire: backward, dtype: dtype)
    ownPosition = links.groups.members(of: group, with: links.rank).firstIndex(of: links.rank) ?? 0
    var blocks: [Block] = []
    for (place, block) in edge.enumerated() where !block.columns.isEmpty {
      var samples: [Int] = []
      var positions: [Range<Int>] = []
      for ofMember in blocksOfMember {
        let first = samples.count
        samples += ofMember[place].samples
        positions.append(first..<samples.count)
      }
      blocks.append(
        Block(
          copies: try RowCopies(block, samples: block.samples, dtype: dtype),
          piece: Piece(samples: samples, width: block.width, wire: forward, dtype: dtype), positions: positions,
          call: try links.call(group, .embedding, purpose: purpose),
          adjoint: try links.call(group, .embedding, purpose: "adjoint of \(purpose)"),
          memory: twin?.blocks[blocks.count].memory ?? BackwardMemory()))
    }
    self.blocks = blocks
    results = blocks.map(\.piece)
  }

  /// The pieces of the result, in the order of the type's blocks.
  let results: [Piece]

  /// Rows of a member's samples.
  private func rows(_ block: Block, _ member: Int) -> Range<Int> {
    let positions = block.positions[member]
    guard let last = positions.last else { return 0..<0 }
    return block.piece.rows(at: positions.lowerBound).lowerBound..<block.piece.rows(at: last).upperBound
  }

  // MARK: - Forward

  override func start(_ context: FlowContext) throws(DMTError) {
    copiedBytes = 0
    for block in blocks {
      let (piece, call) = (block.piece, block.call)
      piece.begin(context.counts)
      let own = rows(block, ownPosition).count
      let send = pack(block, rows: own)
      block.receive.reserve(call.layOutReceives { rows(block, $0).count * piece.rowBytes })
      piece.base = block.receive.base
      try call.startAllGather(send: send, count: own * piece.rowBytes, receive: block.receive.base)
    }
  }

  override func finish(_ context: FlowContext) throws(DMTError) {
    for block in blocks { try block.call.wait() }
  }

  /// This rank's rows as they are sent: from where they lie, or laid out.
  private func pack(_ block: Block, rows: Int) -> UnsafeRawPointer {
    let width = block.piece.width
    let source: UnsafeMutableRawPointer
    if let whole = block.copies.whole, let base = whole.base {
      source = base + block.copies.wholeRows.lowerBound * whole.rowBytes
    } else {
      let target = forwardCodec.wire == .native ? block.send : block.memory.rows
      target.reserve(rows * width * dtype.byteCount)
      copiedBytes += block.copies.gather(to: target.base, column: 0, stride: width)
      source = target.base
    }
    guard forwardCodec.wire != .native else { return UnsafeRawPointer(source) }
    block.send.reserve(rows * block.piece.rowBytes)
    copiedBytes += forwardCodec.encode(rows: rows, width: width, from: source, to: block.send.base)
    return UnsafeRawPointer(block.send.base)
  }

  // MARK: - Backward

  override func prepareBackward() {
    for block in blocks {
      let bytes = block.piece.rowCount * block.piece.gradientRowBytes
      block.memory.gradient.reserve(bytes)
      block.piece.gradient = block.memory.gradient.base
      // What nobody reads has the gradient 0, and nobody writes it.
      block.memory.gradient.base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    }
  }

  override func startBackward(_ context: FlowContext) throws(DMTError) {
    for block in blocks { try startAdjoint(block) }
  }

  override func finishBackward(_ context: FlowContext) throws(DMTError) {
    for block in blocks {
      try block.adjoint.wait()
      addUp(block)
    }
  }

  /// Sends every member the gradient of its rows, as this rank has it.
  private func startAdjoint(_ block: Block) throws(DMTError) {
    let (piece, adjoint) = (block.piece, block.adjoint)
    let rowBytes = backwardCodec.wire.rowBytes(columns: piece.width, dtype: dtype)
    var send = block.memory.gradient.base
    if backwardCodec.wire != .native {
      block.memory.wire.reserve(piece.rowCount * rowBytes)
      send = block.memory.wire.base
      copiedBytes += backwardCodec.encode(
        rows: piece.rowCount, width: piece.width, from: block.memory.gradient.base, to: send)
    }
    for member in 0..<adjoint.memberCount {
      let rows = rows(block, member)
      adjoint.sendOffsets[member] = Int64(rows.lowerBound * rowBytes)
      adjoint.sendCounts[member] = Int64(rows.count * rowBytes)
    }
    let own = rows(block, ownPosition).count
    block.memory.receive.reserve(adjoint.layOutReceives { _ in own * rowBytes })
    try adjoint.startAllToAll(send: UnsafeRawPointer(send), receive: block.memory.receive.base)
  }

  /// Sums what the members have of this rank's gradient, in their order.
  private func addUp(_ block: Block) {
    let (width, own) = (block.piece.width, rows(block, ownPosition).count)
    var target = block.memory.rows.base
    let whole = block.copies.whole
    if let whole, let gradient = whole.gradient {
      target = gradient + block.copies.wholeRows.lowerBound * whole.gradientRowBytes
    } else {
      block.memory.rows.reserve(own * width * dtype.byteCount)
      target = block.memory.rows.base
    }
    for member in 0..<block.adjoint.memberCount {
      copiedBytes += backwardCodec.sum(
        rows: own, width: width, from: block.memory.receive.base + Int(block.adjoint.receiveOffsets[member]),
        to: target, isFirst: member == 0)
    }
    if whole?.gradient == nil { copiedBytes += block.copies.scatter(from: target, column: 0, stride: width) }
  }
}
