import CDMTPlugin
import DMTCore
import DMTRuntime

/// Tables that every rank holds: each sends the summed gradients of the rows it touched to all, and all apply the same sum.
///
/// The merged rows go through the ordinary update as a batch with one bag a row, so that any optimizer serves them.
final class ReplicatedTables: RankTableOptimizer {
  private let embedding: EmbeddingEngine
  private let applier: EmbeddingEngine
  private let optimizer: TableOptimizer
  private let links: RankLinks
  private let sizes: CollectiveCall
  private let rows: CollectiveCall
  private let sizeMemory: UnsafeMutablePointer<Int64>
  private let send = GrowingMemory()
  private let receive = GrowingMemory()
  private let gradient = GrowingMemory()
  private let batch: Batch
  private var merged: [[Int64]]
  private var cursors: [Int]
  private var isMerged = false
  /// The sizes of what ranks have are on their way, and then of this rank's, in bytes.
  private var packedBytes: Int?

  init(
    _ embedding: EmbeddingEngine, optimizer: OptimizerSpec, settings: Model.Settings, components: Components,
    links: RankLinks
  ) throws(DMTError) {
    self.embedding = embedding
    self.links = links
    let tables = embedding.layout.tables
    var column = 0
    let features = tables.enumerated().map { index, table in
      defer { column += table.shape.dim }
      return EmbeddingFeature(table: index, pooling: .sum, output: 0, column: column)
    }
    applier = try EmbeddingEngine(
      layout: EmbeddingLayout(
        tables: tables, features: features, batchFeatures: Array(tables.indices), featureNames: tables.map(\.name),
        outputColumns: [column]), store: embedding.store, settings: settings, components: components)
    self.optimizer = try TableOptimizer(applier, optimizer: optimizer, settings: settings, components: components)
    sizes = try links.call(.world, .embedding, purpose: "row gradients of replicated tables, sizes")
    rows = try links.call(.world, .embedding, purpose: "row gradients of replicated tables")
    sizeMemory = .allocate(capacity: links.rankCount + 1)
    sizeMemory.initialize(repeating: 0, count: links.rankCount + 1)
    batch = Batch(featureCount: tables.count, denseCount: 0)
    merged = tables.map { _ in [] }
    cursors = Array(repeating: 0, count: links.rankCount)
  }

  deinit { sizeMemory.deallocate() }

  /// Every rank has the whole sum, so one answers for it.
  func squares() throws(DMTError) -> Double {
    try merge()
    let sum = try optimizer.squares()
    return links.rank == 0 ? sum : 0
  }

  func begin(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) { try beginMerge() }

  func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    try merge()
    try optimizer.update(learningRate: learningRate, gradientScale: gradientScale, step: step)
    isMerged = false
  }

  /// Packs what this rank has and tells the others how much it is.
  private func beginMerge() throws(DMTError) {
    guard !isMerged, packedBytes == nil else { return }
    try embedding.computeRowGradients(gradientScale: 1)
    let bytes = pack()
    let ranks = links.rankCount
    sizeMemory[ranks] = Int64(bytes)
    _ = sizes.layOutReceives { _ in 8 }
    try sizes.startAllGather(send: sizeMemory + ranks, count: 8, receive: sizeMemory)
    packedBytes = bytes
  }

  private func merge() throws(DMTError) {
    guard !isMerged else { return }
    try beginMerge()
    try gather(packedBytes ?? 0)
    packedBytes = nil
    mergeRows()
    try applier.setBatch(batch)
    applier.setOutput(0, gradient.base)
    isMerged = true
  }

  /// For each table: the number of rows, the rows, their gradients.
  private func pack() -> Int {
    let tables = embedding.layout.tables
    let size = embedding.store.dtype.byteCount
    var bytes = 0
    for (index, table) in tables.enumerated() {
      let count = Int(embedding.dedup(index)?.pointee.count ?? 0)
      bytes += 8 + count * (8 + Self.rounded(table.shape.dim * size))
    }
    send.reserve(bytes)
    var place = send.base
    for (index, table) in tables.enumerated() {
      let rowBytes = Self.rounded(table.shape.dim * size)
      guard let dedup = embedding.dedup(index), let gradients = embedding.rowGradients(index) else {
        place.storeBytes(of: 0, as: Int64.self)
        place += 8
        continue
      }
      let count = Int(dedup.pointee.count)
      place.storeBytes(of: Int64(count), as: Int64.self)
      place += 8
      if count > 0 { place.copyMemory(from: dedup.pointee.rows, byteCount: count * 8) }
      place += count * 8
      for row in 0..<count {
        (place + row * rowBytes).copyMemory(
          from: gradients + row * table.shape.dim * size, byteCount: table.shape.dim * size)
      }
      place += count * rowBytes
    }
    return bytes
  }

  /// Keeps row numbers aligned behind gradients of any width.
  private static func rounded(_ bytes: Int) -> Int { (bytes + 7) / 8 * 8 }

  private func gather(_ bytes: Int) throws(DMTError) {
    try sizes.wait()
    receive.reserve(rows.layOutReceives { Int(sizeMemory[$0]) })
    try rows.startAllGather(send: send.base, count: bytes, receive: receive.base)
    try rows.wait()
  }

  private func mergeRows() {
    let tables = embedding.layout.tables
    let size = embedding.store.dtype.byteCount
    for rank in cursors.indices { cursors[rank] = Int(rows.receiveOffsets[rank]) }
    // Distinct rows of all ranks, table by table; then the sums, in the order of the ranks.
    var largest = 0
    for (index, table) in tables.enumerated() {
      merged[index].removeAll(keepingCapacity: true)
      for rank in cursors.indices {
        let place = receive.base + cursors[rank]
        let count = Int(place.load(as: Int64.self))
        let numbers = (place + 8).assumingMemoryBound(to: Int64.self)
        for row in 0..<count { merged[index].append(numbers[row]) }
        cursors[rank] += 8 + count * (8 + Self.rounded(table.shape.dim * size))
      }
      merged[index].sort()
      var last = 0
      for position in merged[index].indices.dropFirst() where merged[index][position] != merged[index][last] {
        last += 1
        merged[index][last] = merged[index][position]
      }
      if !merged[index].isEmpty { merged[index].removeLast(merged[index].count - last - 1) }
      largest = max(largest, merged[index].count)
    }
    fillBatch(largest)
    let width = applier.layout.outputColumns[0]
    gradient.reserve(largest * width * size)
    gradient.base.initializeMemory(as: UInt8.self, repeating: 0, count: largest * width * size)
    for rank in cursors.indices { cursors[rank] = Int(rows.receiveOffsets[rank]) }
    for (index, table) in tables.enumerated() {
      let column = applier.layout.features[index].column
      for rank in cursors.indices {
        let place = receive.base + cursors[rank]
        let count = Int(place.load(as: Int64.self))
        let numbers = (place + 8).assumingMemoryBound(to: Int64.self)
        let rowBytes = Self.rounded(table.shape.dim * size)
        var target = 0
        for row in 0..<count {
          // Both lists ascend.
          while merged[index][target] < numbers[row] { target += 1 }
          let from = place + 8 + count * 8 + row * rowBytes
          let to = gradient.base + (target * width + column) * size
          RowCodec(wire: .native, dtype: embedding.store.dtype).add(from, count: table.shape.dim, to: to)
        }
        cursors[rank] += 8 + count * (8 + rowBytes)
      }
    }
  }

  /// One bag a row; tables with fewer rows have empty bags behind them.
  private func fillBatch(_ count: Int) {
    batch.resize(count: count)
    for (index, rows) in merged.enumerated() {
      let values = batch.values(feature: index, valueCount: rows.count, single: false)
      for (position, row) in rows.enumerated() { values[position] = row }
      let offsets = batch.offsets(feature: index)
      for bag in 0...count { offsets[bag] = Int64(min(bag, rows.count)) }
    }
  }
}
