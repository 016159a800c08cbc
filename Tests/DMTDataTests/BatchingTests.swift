import DMTCore
import DMTData
import DMTManifest
import Testing

@Suite("Batches")
struct BatchingTests {
  private func dataset(_ count: Int = 103) throws -> Dataset {
    let scratch = try Scratch()
    var text = "label,user,tags,age\n"
    for row in 0..<count {
      text += "\(row % 2),\(row),\((0...(row % 4)).map { String($0) }.joined(separator: "|")),\(row)\n"
    }
    try scratch.write("rows.csv", text)
    return try scratch.load(
      DataSection(format: .csv, path: "rows.csv", split: .files),
      [feature("user", .text, .index(rows: 1000)), feature("tags", .text, .index(rows: 4), separator: "|")],
      dense: [DenseSpec(name: "age", column: "age")])
  }

  /// What a batch holds, as values.
  private struct Content: Equatable {
    var numbers: [Int]
    var users: [[Int]]
    var tags: [[Int]]
    var ages: [Float]
    var globalCount: Int

    init(_ batch: Batch) {
      numbers = (0..<batch.count).map { Int(batch.sampleNumbers[$0]) }
      users = bags(batch, 0)
      tags = bags(batch, 1)
      ages = (0..<batch.count).map { batch.dense[$0] }
      globalCount = batch.globalCount
    }

    /// Every column is that of the sample whose number stands there.
    var isConsistent: Bool {
      users == numbers.map { [$0] } && tags == numbers.map { Array(0...($0 % 4)) } && ages == numbers.map { Float($0) }
    }
  }

  private func drain(_ prefetcher: BatchPrefetcher) throws -> [Content] {
    var all: [Content] = []
    while let batch = try prefetcher.next() {
      all.append(Content(batch))
      prefetcher.recycle(batch)
    }
    return all
  }

  @Test("an epoch's order is a permutation that depends on seed and epoch alone")
  func order() {
    func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
      let order = BatchOrder(sampleCount: 1000, batchSize: 64, seed: seed, epoch: epoch, shuffle: true)
      return (0..<1000).map { order.sample(at: $0) }
    }
    let first = order(1, 0)
    #expect(first.sorted() == Array(0..<1000) && first != Array(0..<1000))
    #expect(first == order(1, 0) && first != order(2, 0) && first != order(1, 1))
    var moved = BatchOrder(sampleCount: 1000, batchSize: 64, seed: 1, epoch: 5, shuffle: true)
    moved.move(toEpoch: 0)
    #expect((0..<1000).map { moved.sample(at: $0) } == first)
    // A shuffle that changed would silently break every resumed run: these are the first places for ever.
    #expect(Array(first.prefix(6)) == Self.knownOrder)
  }

  /// From an independent program that follows the documentation of `BatchOrder`.
  static let knownOrder = [866, 638, 284, 394, 741, 634]

  @Test("without shuffling samples stand in file order, the last batch is short")
  func fileOrder() throws {
    let order = BatchOrder(sampleCount: 103, batchSize: 25, seed: 1, shuffle: false)
    #expect(order.batchCount == 5 && order.places(ofBatch: 4) == 100..<103 && order.places(ofBatch: 5).isEmpty)
    let samples = try dataset().samples(of: .train)
    let batch = samples.makeBatch()
    samples.fill(batch, batchNumber: 4, of: order)
    #expect(Content(batch).numbers == [100, 101, 102] && Content(batch).isConsistent)
    samples.fill(batch, batchNumber: 1, of: order)
    #expect(Content(batch).numbers == Array(25..<50) && Content(batch).isConsistent)
  }

  @Test(
    "ranks' slices make up the same global batch at any rank count, empty ones included", arguments: [1, 2, 3, 7, 40])
  func ranks(rankCount: Int) throws {
    let samples = try dataset().samples(of: .train)
    let order = BatchOrder(sampleCount: 103, batchSize: 32, seed: 9, epoch: 2, shuffle: true)
    let batch = samples.makeBatch()
    for number in 0..<order.batchCount {
      samples.fill(batch, batchNumber: number, of: order)
      let whole = Content(batch)
      var numbers: [Int] = []
      var sizes: Set<Int> = []
      for rank in 0..<rankCount {
        samples.fill(batch, batchNumber: number, of: order, rank: rank, rankCount: rankCount)
        let part = Content(batch)
        #expect(part.isConsistent && part.globalCount == whole.numbers.count)
        numbers += part.numbers
        sizes.insert(part.numbers.count)
      }
      #expect(numbers == whole.numbers)
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }
  }

  @Test("the prefetcher gives every epoch's batches in order, nil after each, and nil for ever at the end")
  func prefetch() throws {
    let samples = try dataset().samples(of: .train)
    let prefetcher = BatchPrefetcher(samples: samples, batchSize: 10, seed: 3, shuffle: true, epochs: 1..<4, depth: 3)
    let batch = samples.makeBatch()
    for epoch in 1..<4 {
      let order = BatchOrder(sampleCount: 103, batchSize: 10, seed: 3, epoch: epoch, shuffle: true)
      let found = try drain(prefetcher)
      #expect(found.count == 11)
      for (number, content) in found.enumerated() {
        samples.fill(batch, batchNumber: number, of: order)
        #expect(content == Content(batch) && content.isConsistent)
      }
    }
    for _ in 0..<3 { #expect(try prefetcher.next() == nil) }
  }

  @Test(
    "a seek continues with exactly the batches of an uninterrupted run",
    arguments: [(0, 0), (0, 7), (1, 3), (2, 10), (1, 11)])
  func seek(epoch: Int, batchNumber: Int) throws {
    let samples = try dataset().samples(of: .train)
    func make() -> BatchPrefetcher {
      BatchPrefetcher(samples: samples, batchSize: 10, seed: 3, shuffle: true, epochs: 0..<3, rank: 1, rankCount: 2)
    }
    let whole = make()
    let uninterrupted = try (0..<3).map { _ in try drain(whole) }
    let resumed = make()
    // Some batches of the old position are out or prepared when the seek comes.
    let held = try #require(try resumed.next())
    let content = Content(held)
    resumed.seek(epoch: epoch, batchNumber: batchNumber)
    #expect(Content(held) == content)
    resumed.recycle(held)
    #expect(try drain(resumed) == Array(uninterrupted[epoch].dropFirst(batchNumber)))
    for later in (epoch + 1)..<max(3, epoch + 1) { #expect(try drain(resumed) == uninterrupted[later]) }
    #expect(try resumed.next() == nil)
    resumed.seek(epoch: 0, batchNumber: 10)
    #expect(try drain(resumed) == Array(uninterrupted[0].dropFirst(10)))
  }

  @Test("holding every batch is an error, not a wait without end; letting go of a busy prefetcher ends its thread")
  func allOut() throws {
    let samples = try dataset().samples(of: .train)
    for _ in 0..<20 {
      let prefetcher = BatchPrefetcher(samples: samples, batchSize: 1, seed: 3, shuffle: true, depth: 2)
      let held = try [#require(try prefetcher.next()), #require(try prefetcher.next())]
      #expect(held[0] !== held[1])
      #expect(failure { _ = try prefetcher.next() }?.code == .internalError)
      prefetcher.recycle(held[0])
      #expect(try prefetcher.next() === held[0])
    }
    // With the last batches held, the end is still told.
    let short = BatchPrefetcher(samples: samples, batchSize: 60, seed: 3, shuffle: true, depth: 2)
    _ = try [short.next(), short.next()]
    #expect(try short.next() == nil)
  }

  @Test("an empty split has epochs without batches")
  func empty() throws {
    let samples = try dataset().samples(of: .valid)
    let prefetcher = BatchPrefetcher(samples: samples, batchSize: 10, seed: 3, shuffle: true, epochs: 0..<2)
    for _ in 0..<4 { #expect(try prefetcher.next() == nil) }
    #expect(samples.positiveRate == 0 && samples.count == 0)
  }
}
