import CDMTPlugin
import DMTCore
import DMTRuntime

/// Row-wise Adagrad on tables whose columns lie on several ranks: the mean of a row's squared gradient spans the whole row,
/// so the holders of its columns add up one number for every touched row.
///
/// s += mean_j g_j^2 over all columns; w -= lr g / (sqrt(s) + eps). Every holder has the same bags and so the same touched
/// rows in the same order; each keeps its own copy of s, which stay equal because all add in the order of the ranks.
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
  private let weightDecay: Double
  private let epsilon: Double
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
    _ embedding: EmbeddingEngine?, optimizer: OptimizerSpec, owners: [(key: String, ranks: [Int])], links: RankLinks
  ) throws(DMTError) {
    self.embedding = embedding
    rank = links.rank
    weightDecay = try optimizer.attributes.double("weight_decay", default: 0)
    epsilon = try optimizer.attributes.double("eps", default: 1e-8)
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

  func begin(gradientScale: Double) throws(DMTError) {
    try prepare()
    if embedding?.store.dtype == .float64 {
      try startSums(gradientScale, as: Double.self)
    } else {
      try startSums(gradientScale, as: Float.self)
    }
  }

  func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    try call.wait()
    if embedding?.store.dtype == .float64 {
      update(learningRate, gradientScale, as: Double.self)
    } else {
      update(learningRate, gradientScale, as: Float.self)
    }
    hasGradients = false
  }

  private func prepare() throws(DMTError) {
    guard !hasGradients else { return }
    try embedding?.computeRowGradients(gradientScale: 1)
    hasGradients = true
  }

  private func rowCount(_ item: Shared) -> Int {
    item.tables.first.flatMap { embedding?.dedup($0) }.map { Int($0.pointee.count) } ?? 0
  }

  /// Sums the squares of this rank's columns of every touched row, and sends them.
  private func startSums<Scalar: BinaryFloatingPoint>(_ scale: Double, as: Scalar.Type) throws(DMTError) {
    let total = shared.reduce(0) { $0 + rowCount($1) }
    send.reserve(total * 8)
    let sums = send.base.assumingMemoryBound(to: Double.self)
    var place = 0
    for item in shared {
      let rows = rowCount(item)
      (sums + place).update(repeating: 0, count: rows)
      for table in item.tables { addSquares(table, scale, to: sums + place, as: Scalar.self) }
      place += rows
    }
    try sendSums()
  }

  private func update<Scalar: BinaryFloatingPoint>(
    _ learningRate: Double, _ scale: Double, as: Scalar.Type
  ) {
    let sums = send.base.assumingMemoryBound(to: Double.self)
    var place = 0
    for member in offsets.indices { offsets[member] = Int(call.receiveOffsets[member]) / 8 }
    let received = receive.base.assumingMemoryBound(to: Double.self)
    for item in shared {
      let rows = rowCount(item)
      // In the order of the ranks, so that every holder has the same sum to the last bit.
      for row in 0..<rows {
        let own = sums[place + row]
        var sum = 0.0
        for other in item.ranks { sum += other == rank ? own : received[offsets[other] + row] }
        sums[place + row] = sum
      }
      for other in item.ranks where other != rank { offsets[other] += rows }
      for table in item.tables { apply(table, learningRate, scale, sums: sums + place, as: Scalar.self) }
      place += rows
    }
  }

  private func sendSums() throws(DMTError) {
    // What goes to a rank has to lie together: parts that are shared with it, in the order of the keys.
    for member in 0..<call.memberCount {
      let rows = shared.reduce(0) { $0 + (member != rank && $1.ranks.contains(member) ? rowCount($1) : 0) }
      call.sendCounts[member] = Int64(rows * 8)
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
        let bytes = rowCount(item) * 8
        if item.ranks.contains(member) {
          (packed.base + offset).copyMemory(from: send.base + place, byteCount: bytes)
          offset += bytes
        }
        place += bytes
      }
    }
    try call.startAllToAll(send: packed.base, receive: receive.base)
  }

  /// Adds the squares of each touched row's gradient, weight decay included.
  private func addSquares<Scalar: BinaryFloatingPoint>(
    _ table: Int, _ scale: Double, to sums: UnsafeMutablePointer<Double>, as: Scalar.Type
  ) {
    guard let embedding, let dedup = embedding.dedup(table), let memory = embedding.rowGradients(table) else {
      return
    }
    let dim = embedding.layout.tables[table].shape.dim
    let gradients = memory.assumingMemoryBound(to: Scalar.self)
    let weights = embedding.store.weight(table).assumingMemoryBound(to: Scalar.self)
    for index in 0..<Int(dedup.pointee.count) {
      let row = weights + Int(dedup.pointee.rows[index]) * dim
      var sum = 0.0
      for column in 0..<dim {
        let g = scale * Double(gradients[index * dim + column]) + weightDecay * Double(row[column])
        sum += g * g
      }
      sums[index] += sum
    }
  }

  private func apply<Scalar: BinaryFloatingPoint>(
    _ table: Int, _ learningRate: Double, _ scale: Double, sums: UnsafePointer<Double>, as: Scalar.Type
  ) {
    guard let embedding, let dedup = embedding.dedup(table), let memory = embedding.rowGradients(table) else {
      return
    }
    let shape = embedding.layout.tables[table]
    let dim = shape.shape.dim
    let whole = Double(shape.region?.whole.dim ?? dim)
    let gradients = memory.assumingMemoryBound(to: Scalar.self)
    let weights = embedding.store.weight(table).assumingMemoryBound(to: Scalar.self)
    let states = embedding.store.state(table, 0).assumingMemoryBound(to: Scalar.self)
    for index in 0..<Int(dedup.pointee.count) {
      let number = Int(dedup.pointee.rows[index])
      let row = weights + number * dim
      let sum = Double(states[number]) + sums[index] / whole
      states[number] = Scalar(sum)
      for column in 0..<dim {
        let g = scale * Double(gradients[index * dim + column]) + weightDecay * Double(row[column])
        // 0 / 0 is 0: a gradient that has always been 0 moves nothing, whatever eps is.
        if g != 0 { row[column] = Scalar(Double(row[column]) - learningRate * (g / (sum.squareRoot() + epsilon))) }
      }
    }
  }
}
