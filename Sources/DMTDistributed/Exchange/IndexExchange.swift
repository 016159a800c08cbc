import DMTCore
import DMTDataflow
import DMTRuntime

/// Sends row numbers to the holders of tables, a batch ahead of the one that is computed.
///
/// While the model works with what one slot received, the next batch travels into another, and an evaluation may come in
/// between with a third. Where lengths of messages depend on the data they travel first, 8 bytes for every pair of ranks.
/// An exchange's collectives are all started before those of the next one, so that every rank starts them in one order.
final class IndexExchange {
  /// What a rank received for a batch.
  final class Slot {
    /// The bags of this rank's entries, for the samples of all ranks in the exchange's order.
    let batch: Batch
    /// For each entry the full lengths of the bags, where they were sent.
    fileprivate(set) var fullLengths: [UnsafeMutablePointer<Int32>?]
    fileprivate var fullCapacity = 0
    fileprivate let send = GrowingMemory()
    fileprivate let receive = GrowingMemory()
    fileprivate let words: UnsafeMutablePointer<Int64>
    fileprivate let lengths: CollectiveCall
    fileprivate let rows: CollectiveCall
    /// Samples of every rank.
    fileprivate var counts: [Int]
    fileprivate var source: Batch?
    fileprivate var hasStartedRows = false
    fileprivate var isUnderWay = false
    /// What came is still needed.
    fileprivate var isHeld = false

    fileprivate init(entries: [ExchangeEntry], links: RankLinks, step: Int) throws(DMTError) {
      let members = links.rankCount
      batch = Batch(featureCount: entries.count, denseCount: 0)
      fullLengths = entries.map { _ in nil }
      counts = Array(repeating: 0, count: members)
      words = .allocate(capacity: 2 * members)
      words.initialize(repeating: 0, count: 2 * members)
      lengths = try links.call(.world, .index, purpose: "exchange of step \(step), lengths")
      rows = try links.call(.world, .index, purpose: "exchange of step \(step)")
    }

    /// Samples of a source rank in the batch that was received.
    func samples(of source: Int) -> Int { counts[source] }

    deinit {
      for lengths in fullLengths { lengths?.deallocate() }
      words.deallocate()
    }
  }

  let plan: ExchangePlan
  private let rank: Int
  private let batchFeatures: [Int]
  private let request: ShardingRequest
  private let slots: [Slot]

  /// The bags that this rank receives.
  var entries: [ExchangeEntry] { plan.entries[rank] }

  /// - Parameter batchFeatures: for each feature of the request its index in the batch.
  init(
    _ plan: ExchangePlan, step: Int, request: ShardingRequest, batchFeatures: [Int], links: RankLinks
  ) throws(DMTError) {
    self.plan = plan
    rank = links.rank
    self.batchFeatures = batchFeatures
    self.request = request
    slots = try (0..<3).map { _ throws(DMTError) in
      try Slot(entries: plan.entries[links.rank], links: links, step: step)
    }
  }

  // MARK: - Sending

  /// Begins the exchange of a batch, which stays as it is until ``finish(_:)``; every rank does so in the same order.
  ///
  /// - Throws: ``DMTError/Code/invalidData`` for a row number that its table does not have.
  func start(_ batch: Batch, counts: [Int]) throws(DMTError) {
    try check(batch)
    try completeStarts()
    guard let free = slots.indices.first(where: { !slots[$0].isUnderWay && !slots[$0].isHeld }) else {
      throw DMTError(.internalError, "row numbers of more than three batches are needed at once")
    }
    let slot = slots[free]
    slot.isUnderWay = true
    for rank in counts.indices { slot.counts[rank] = counts[rank] }
    slot.source = batch
    slot.hasStartedRows = false
    let members = slot.rows.memberCount
    let wordBytes = plan.isWide ? 8 : 4
    var end = 0
    for member in 0..<members {
      let entries = plan.entries[member]
      let words = ExchangeMessage.words(
        entries, batch: batch, hasSampleNumbers: plan.numberSources[member].contains(rank),
        batchFeatures: batchFeatures)
      slot.words[member] = Int64(words)
      slot.rows.sendOffsets[member] = Int64(end)
      slot.rows.sendCounts[member] = Int64(words * wordBytes)
      end += words * wordBytes
    }
    slot.send.reserve(end)
    if plan.isWide { write(batch, slot, as: Int64.self) } else { write(batch, slot, as: Int32.self) }
    if plan.isVariable {
      for member in 0..<members {
        slot.lengths.sendCounts[member] = 8
        slot.lengths.sendOffsets[member] = Int64(8 * member)
      }
      _ = slot.lengths.layOutReceives { _ in 8 }
      try slot.lengths.startAllToAll(send: slot.words, receive: slot.words + members)
    } else {
      for member in 0..<members {
        slot.words[members + member] = Int64(
          ExchangeMessage.fixedWords(
            entries, samples: counts[member], hasSampleNumbers: plan.numberSources[rank].contains(member)))
      }
      try startRows(slot)
    }
  }

  /// Lets an exchange that is under way go on, without waiting.
  ///
  /// - Returns: false while it has collectives left to start: whatever comes after it must not start before.
  func advance() throws(DMTError) -> Bool {
    for slot in slots where slot.isUnderWay && !slot.hasStartedRows {
      guard try slot.lengths.isDone() else { return false }
      try slot.lengths.wait()
      try startRows(slot)
    }
    return true
  }

  /// Starts what is left to start of exchanges under way, waiting where it must.
  func completeStarts() throws(DMTError) {
    for slot in slots where slot.isUnderWay && !slot.hasStartedRows {
      try slot.lengths.wait()
      try startRows(slot)
    }
  }

  private func write<Word: FixedWidthInteger>(_ batch: Batch, _ slot: Slot, as: Word.Type) {
    var place = slot.send.base.assumingMemoryBound(to: Word.self)
    for member in 0..<slot.rows.memberCount {
      place = ExchangeMessage.write(
        plan.entries[member], batch: batch, hasSampleNumbers: plan.numberSources[member].contains(rank),
        batchFeatures: batchFeatures, to: place)
    }
  }

  private func startRows(_ slot: Slot) throws(DMTError) {
    let members = slot.rows.memberCount
    let wordBytes = plan.isWide ? 8 : 4
    slot.receive.reserve(slot.rows.layOutReceives { Int(slot.words[members + $0]) * wordBytes })
    try slot.rows.startAllToAll(send: slot.send.base, receive: slot.receive.base)
    slot.hasStartedRows = true
  }

  // MARK: - Receiving

  /// Whether the exchange of the batch is under way.
  func isUnderWay(_ batch: Batch) -> Bool { slots.contains { $0.isUnderWay && $0.source === batch } }

  /// Waits for the exchange of a batch and reads what came.
  ///
  /// - Returns: what was received; valid until ``release(_:)``.
  /// - Throws: ``DMTError/Code/internalError`` when the batch was not sent; what the interconnect throws.
  func finish(_ batch: Batch) throws(DMTError) -> Slot {
    guard let index = slots.firstIndex(where: { $0.isUnderWay && $0.source === batch }) else {
      throw DMTError(.internalError, "a batch is computed whose row numbers were not sent")
    }
    try completeStarts()
    let slot = slots[index]
    try slot.rows.wait()
    slot.isUnderWay = false
    slot.source = nil
    slot.isHeld = true
    if plan.isWide { read(slot, as: Int64.self) } else { read(slot, as: Int32.self) }
    return slot
  }

  /// What came is not needed any more.
  func release(_ slot: Slot) { slot.isHeld = false }

  /// Waits for all exchanges under way and forgets what they bring.
  func discard() throws(DMTError) {
    for slot in slots where slot.isUnderWay {
      try slot.rows.wait()
      slot.isUnderWay = false
      slot.source = nil
    }
  }

  private func read<Word: FixedWidthInteger>(_ slot: Slot, as: Word.Type) {
    let total = slot.counts.reduce(0, +)
    slot.batch.resize(count: total)
    let members = slot.rows.memberCount
    if total > slot.fullCapacity {
      for (index, entry) in entries.enumerated() where entry.hasFullLengths {
        slot.fullLengths[index]?.deallocate()
        slot.fullLengths[index] = .allocate(capacity: total)
      }
      slot.fullCapacity = total
    }
    func message(_ member: Int) -> UnsafePointer<Word> {
      UnsafePointer(
        (slot.receive.base + Int(slot.rows.receiveOffsets[member])).assumingMemoryBound(to: Word.self))
    }
    // A place in every message, kept in the words that the sender counted with.
    var header = 0
    for (index, entry) in entries.enumerated() {
      var values = total
      if entry.hasLengths {
        values = 0
        for member in 0..<members { values += Int(message(member)[header]) }
        header += 1
      }
      _ = slot.batch.values(feature: index, valueCount: values, single: !entry.hasLengths)
    }
    for member in 0..<members { slot.words[member] = Int64(header) }
    readSampleNumbers(slot, message)
    var lengthIndex = 0
    for (index, entry) in entries.enumerated() {
      let offsets = slot.batch.offsets(feature: index)
      let bags = slot.batch.jagged(feature: index)
      let values = UnsafeMutablePointer(mutating: bags.values)
      var (sample, value) = (0, 0)
      if entry.hasLengths { offsets[0] = 0 }
      for source in plan.order {
        let count = slot.counts[source]
        var place = message(source) + Int(slot.words[source])
        var length = count
        if entry.hasLengths {
          length = Int(message(source)[lengthIndex])
          for index in 0..<count { offsets[sample + index + 1] = offsets[sample + index] + Int64(place[index]) }
          place += count
        }
        if entry.hasFullLengths, let full = slot.fullLengths[index] {
          for index in 0..<count { full[sample + index] = Int32(truncatingIfNeeded: place[index]) }
          place += count
        }
        for index in 0..<length { values[value + index] = Int64(place[index]) }
        slot.words[source] = Int64(place + length - message(source))
        sample += count
        value += length
      }
      if entry.hasLengths { lengthIndex += 1 }
    }
  }

  private func readSampleNumbers<Word: FixedWidthInteger>(_ slot: Slot, _ message: (Int) -> UnsafePointer<Word>) {
    var sample = 0
    for source in plan.order {
      guard plan.numberSources[rank].contains(source) else {
        sample += slot.counts[source]
        continue
      }
      let place = message(source) + Int(slot.words[source])
      for index in 0..<slot.counts[source] {
        let low = UInt64(UInt32(truncatingIfNeeded: place[2 * index]))
        let high = UInt64(UInt32(truncatingIfNeeded: place[2 * index + 1]))
        slot.batch.sampleNumbers[sample] = Int64(bitPattern: high << 32 | low)
        sample += 1
      }
      slot.words[source] += Int64(2 * slot.counts[source])
    }
  }

  private func check(_ batch: Batch) throws(DMTError) {
    for (feature, place) in batchFeatures.enumerated() {
      let table = request.tables[request.features[feature].table]
      try RowNumbers.check(
        batch.jagged(feature: place), feature: request.features[feature].name, table: table.name, rows: table.rows)
    }
  }
}
