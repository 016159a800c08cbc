import CDMTPlugin
import DMTCore
import DMTRuntime

/// Tables whose columns lie on several ranks under an optimizer that needs sums over whole rows, as row-wise Adagrad needs the
/// mean of a row's squared gradient: the holders of a row's columns add up a few numbers for every touched row.
///
/// Every holder has the same bags and so the same touched rows in the same order; each keeps its own copy of what is once a
/// row, which stay equal because all add in the order of the ranks.
final class SplitRows: RankTableOptimizer {
  /// Rows of a table whose columns are cut, as this rank shares them with others.
  private struct Shared {
    /// Tables of the layout: this rank's columns.
    var tables: [Int]
    /// Ranks that hold columns, ascending, this one included.
    var ranks: [Int]
  }

  /// nil on a rank that holds none of the tables: it takes part in the sum all the same.
  private let embedding: EmbeddingEngine?
  private let rule: (any SplitRowRule)?
  /// Numbers a row that are added up.
  private let sumCount: Int
  private let shared: [Shared]
  private let rank: Int
  private let call: CollectiveCall
  private let send = GrowingMemory()
  private let receive = GrowingMemory()
  private let packed = GrowingMemory()
  /// For every member where what it sent is read next.
  private var offsets: [Int]
  private var hasGradients = false

  /// - Parameters:
  ///   - owners: for each table of the layout a key that parts of the same rows of a table share, and the ranks that hold them.
  init(
    _ embedding: EmbeddingEngine?, optimizer: OptimizerSpec, threads: Int, owners: [(key: String, ranks: [Int])],
    links: RankLinks
  ) throws(DMTError) {
    self.embedding = embedding
    rank = links.rank
    sumCount = optimizer.rowSumCount
    rule =
      if let embedding {
        if let own = optimizer.rule {
          OwnSplitRowRule(
            try RowRule(embedding, rule: own, attributes: optimizer.attributes, threads: threads))
        } else {
          try RowwiseAdagradRule(embedding, optimizer: optimizer)
        }
      } else { nil }
    var shared: [String: Shared] = [:]
    for (table, owner) in owners.enumerated() {
      shared[owner.key, default: Shared(tables: [], ranks: owner.ranks)].tables.append(table)
    }
    // By key, so that every holder sends in the same order.
    self.shared = shared.sorted { $0.key < $1.key }.map(\.value)
    call = try links.call(.world, .embedding, purpose: "row sums of tables cut by columns")
    offsets = Array(repeating: 0, count: call.memberCount)
  }

  func squares() throws(DMTError) -> Double {
    try prepare()
    return embedding?.squaresOfRowGradients() ?? 0
  }

  func begin(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    try prepare()
    let total = shared.reduce(0) { $0 + numberCount($1) }
    send.reserve(total * 8)
    let sums = send.base.assumingMemoryBound(to: Double.self)
    var place = 0
    for item in shared {
      let numbers = numberCount(item)
      (sums + place).update(repeating: 0, count: numbers)
      for table in item.tables {
        try rule?.addSums(
          table, learningRate: learningRate, gradientScale: gradientScale, step: step, to: sums + place)
      }
      place += numbers
    }
    try sendSums()
  }

  func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    try call.wait()
    let sums = send.base.assumingMemoryBound(to: Double.self)
    var place = 0
    for member in offsets.indices { offsets[member] = Int(call.receiveOffsets[member]) / 8 }
    let received = receive.base.assumingMemoryBound(to: Double.self)
    for item in shared {
      let numbers = numberCount(item)
      // In the order of the ranks, so that every holder has the same sum to the last bit.
      for index in 0..<numbers {
        let own = sums[place + index]
        var sum = 0.0
        for other in item.ranks { sum += other == rank ? own : received[offsets[other] + index] }
        sums[place + index] = sum
      }
      for other in item.ranks where other != rank { offsets[other] += numbers }
      for table in item.tables {
        try rule?.apply(
          table, learningRate: learningRate, gradientScale: gradientScale, step: step, sums: sums + place)
      }
      place += numbers
    }
    hasGradients = false
  }

  private func prepare() throws(DMTError) {
    guard !hasGradients else { return }
    try embedding?.computeRowGradients(gradientScale: 1)
    hasGradients = true
  }

  /// Sums of an item's touched rows.
  private func numberCount(_ item: Shared) -> Int {
    sumCount * (item.tables.first.flatMap { embedding?.dedup($0) }.map { Int($0.pointee.count) } ?? 0)
  }

  private func sendSums() throws(DMTError) {
    // What goes to a rank has to lie together: parts that are shared with it, in the order of the keys.
    for member in 0..<call.memberCount {
      let numbers = shared.reduce(0) {
        $0 + (member != rank && $1.ranks.contains(member) ? numberCount($1) : 0)
      }
      call.sendCounts[member] = Int64(numbers * 8)
    }
    // Holders of the same columns' rows have as many: a rank receives what it sends.
    let end = call.layOutReceives { Int(call.sendCounts[$0]) }
    receive.reserve(end)
    packed.reserve(end)
    var offset = 0
    for member in 0..<call.memberCount {
      call.sendOffsets[member] = Int64(offset)
      guard call.sendCounts[member] > 0 else { continue }
      var place = 0
      for item in shared {
        let bytes = numberCount(item) * 8
        if item.ranks.contains(member) {
          (packed.base + offset).copyMemory(from: send.base + place, byteCount: bytes)
          offset += bytes
        }
        place += bytes
      }
    }
    try call.startAllToAll(send: packed.base, receive: receive.base)
  }
}
