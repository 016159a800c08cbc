public import DMTCore

/// The samples of a global batch with what the model says of them, in the order of the batch.
public struct GatheredPredictions {
  public var logits: UnsafePointer<Float>
  public var labels: UnsafePointer<Float>
  public var count: Int
}

/// Brings predictions and tensors of all ranks together.
public final class RankGatherer {
  /// Bytes of what is said of a part in front of its elements.
  private static let headerBytes = 40

  private let model: RankModel
  private let predictions: CollectiveCall
  private let flags: CollectiveCall
  private let tensors: CollectiveCall
  private let send = GrowingMemory()
  private let receive = GrowingMemory()
  private let sorted = GrowingMemory()
  /// The parts that this rank answers for, by name; they lie where they lie for as long as the model lives.
  private let partsOfTensor: [String: [RankTensor]]

  /// - Throws: what the interconnect throws.
  public init(_ model: RankModel) throws(DMTError) {
    self.model = model
    partsOfTensor = Dictionary(grouping: model.tensors.lazy.filter(\.isAnswered), by: \.name)
    predictions = try model.links.call(.world, .control, purpose: "predictions of all ranks")
    flags = try model.links.call(.world, .control, purpose: "agreement of all ranks")
    tensors = try model.links.call(.world, .control, purpose: "tensors of all ranks")
  }

  /// Predicts a global batch, of which `batch` is this rank's part; every rank gets the logits of all.
  ///
  /// - Returns: valid until the next call.
  public func predict(_ batch: Batch) throws(DMTError) -> GatheredPredictions {
    let counts = RankModel.counts(ofGlobalBatch: batch.globalCount, ranks: model.links.rankCount)
    send.reserve(max(batch.count, 1) * 8)
    let own = send.base.assumingMemoryBound(to: Float.self)
    try model.predict(batch, into: own)
    (own + batch.count).update(from: batch.labels, count: batch.count)
    let end = predictions.layOutReceives { counts[$0] * 8 }
    receive.reserve(end)
    sorted.reserve(end)
    try predictions.startAllGather(send: send.base, count: batch.count * 8, receive: receive.base)
    try predictions.wait()
    let total = batch.globalCount
    let all = sorted.base.assumingMemoryBound(to: Float.self)
    var sample = 0
    for (rank, count) in counts.enumerated() {
      let part = (receive.base + Int(predictions.receiveOffsets[rank])).assumingMemoryBound(to: Float.self)
      (all + sample).update(from: part, count: count)
      (all + total + sample).update(from: part + count, count: count)
      sample += count
    }
    return GatheredPredictions(logits: UnsafePointer(all), labels: UnsafePointer(all + total), count: total)
  }

  // MARK: - Tensors

  /// Names, shapes and types of all tensors of the whole model, the same on every rank.
  public func wholeTensors() throws(DMTError) -> [WholeTensor] {
    var text: [UInt8] = []
    for tensor in partsOfTensor.values.joined() { text += Array(WholeTensor(tensor).line.utf8) + [UInt8(ascii: "\n")] }
    var found: [String: WholeTensor] = [:]
    for part in try gatherBytes(text) {
      for line in String(decoding: part, as: UTF8.self).split(separator: "\n") {
        if let tensor = WholeTensor(line: line) { found[tensor.name] = tensor }
      }
    }
    return found.values.sorted { $0.name < $1.name }
  }

  /// Brings the parts of one tensor to rank 0, which puts them together at `whole`; every rank calls it.
  public func collect(_ tensor: WholeTensor, into whole: UnsafeMutableRawPointer?) throws(DMTError) {
    let parts = partsOfTensor[tensor.name] ?? []
    // For each part rows, columns and width, then its elements.
    var bytes = 0
    for part in parts { bytes += Self.headerBytes + (part.byteCount + 7) / 8 * 8 }
    send.reserve(max(bytes, 8))
    var place = send.base
    for part in parts {
      for (index, number) in [
        part.rows.lowerBound, part.rows.upperBound, part.columns.lowerBound, part.columns.upperBound, part.width,
      ].enumerated() { place.storeBytes(of: Int64(number), toByteOffset: 8 * index, as: Int64.self) }
      (place + Self.headerBytes).copyMemory(from: part.memory, byteCount: part.byteCount)
      place += Self.headerBytes + (part.byteCount + 7) / 8 * 8
    }
    let used = place - send.base
    let sizes = try gatherNumbers(Int64(used))
    let isRoot = model.rank == 0
    for rank in sizes.indices {
      tensors.sendCounts[rank] = rank == 0 ? Int64(used) : 0
      tensors.sendOffsets[rank] = 0
    }
    let end = tensors.layOutReceives { isRoot ? Int(sizes[$0]) : 0 }
    receive.reserve(max(end, 8))
    try tensors.startAllToAll(send: send.base, receive: receive.base)
    try tensors.wait()
    guard isRoot, let whole else { return }
    var cursor = receive.base
    while cursor < receive.base + end {
      let numbers = (0..<5).map { Int(cursor.load(fromByteOffset: 8 * $0, as: Int64.self)) }
      let part = RankTensor(
        parameter: tensor.parameter, role: tensor.role, shape: tensor.shape, dtype: tensor.dtype,
        rows: numbers[0]..<numbers[1], columns: numbers[2]..<numbers[3], width: numbers[4],
        memory: cursor + Self.headerBytes, isAnswered: true, op: tensor.op, revision: tensor.revision)
      part.store(to: whole)
      cursor += Self.headerBytes + (part.byteCount + 7) / 8 * 8
    }
  }

  /// Whether all ranks say true; every rank calls it.
  public func all(_ flag: Bool) throws(DMTError) -> Bool {
    try gatherNumbers(flag ? 1 : 0).allSatisfy { $0 == 1 }
  }

  /// Every rank's bytes, on every rank.
  public func gatherBytes(_ bytes: [UInt8]) throws(DMTError) -> [[UInt8]] {
    let sizes = try gatherNumbers(Int64(bytes.count))
    let end = tensors.layOutReceives { Int(sizes[$0]) }
    send.reserve(max(bytes.count, 1))
    receive.reserve(max(end, 1))
    bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { send.base.copyMemory(from: base, byteCount: bytes.count) }
    }
    try tensors.startAllGather(send: send.base, count: bytes.count, receive: receive.base)
    try tensors.wait()
    return sizes.indices.map { rank in
      Array(
        UnsafeRawBufferPointer(start: receive.base + Int(tensors.receiveOffsets[rank]), count: Int(sizes[rank])))
    }
  }

  private func gatherNumbers(_ number: Int64) throws(DMTError) -> [Int64] {
    let ranks = model.links.rankCount
    let memory = UnsafeMutablePointer<Int64>.allocate(capacity: ranks + 1)
    defer { memory.deallocate() }
    memory[ranks] = number
    _ = flags.layOutReceives { _ in 8 }
    try flags.startAllGather(send: memory + ranks, count: 8, receive: memory)
    try flags.wait()
    return Array(UnsafeBufferPointer(start: memory, count: ranks))
  }
}
