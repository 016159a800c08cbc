public import DMTCore

/// Prepares batches ahead on a thread of its own, in a small ring of batches that are used again and again.
///
///     let prefetcher = BatchPrefetcher(samples: dataset.samples(of: .train), batchSize: 4096, seed: 1, shuffle: true, epochs: 0..<3)
///     while epoch < 3 {
///       while let batch = try prefetcher.next() { step(batch); prefetcher.recycle(batch) }   // nil ends an epoch
///     }
///
/// ``next()``, ``recycle(_:)`` and ``seek(epoch:batchNumber:)`` belong to one thread at a time. Once the largest batch has
/// been seen, nothing is allocated.
public final class BatchPrefetcher {
  private let ring: Ring
  private let thread = JoinedThread()

  /// Starts at batch 0 of the first epoch.
  ///
  /// - Parameters:
  ///   - batchSize: samples of a global batch.
  ///   - rank: this rank, which gets its slice of every global batch.
  ///   - epochs: the epochs to go through, one after the other.
  ///   - depth: batches in the ring, those in the caller's hands included; at least 2.
  public init(
    samples: SampleTable, batchSize: Int, seed: UInt64, shuffle: Bool, epochs: Range<Int> = 0..<1, rank: Int = 0,
    rankCount: Int = 1, depth: Int = 4
  ) {
    precondition(rankCount > 0 && rank >= 0 && rank < rankCount, "rank \(rank) of \(rankCount) does not exist")
    ring = Ring(
      samples: samples,
      order: BatchOrder(
        sampleCount: samples.count, batchSize: batchSize, seed: seed, epoch: epochs.lowerBound, shuffle: shuffle),
      epochs: epochs, rank: rank, rankCount: rankCount, depth: max(2, depth))
    let ring = ring
    ring.hasThread = thread.start { ring.produce() }
  }

  deinit {
    ring.stop()
    thread.join()
  }

  /// The next batch, or nil once at the end of every epoch, and always after the last one.
  ///
  /// The caller gives the batch back with ``recycle(_:)``.
  ///
  /// - Throws: ``DMTError`` (`internalError`) when the caller holds every batch of the ring, which would wait for ever.
  public func next() throws(DMTError) -> Batch? {
    switch ring.take() {
    case .batch(let batch): return batch
    case .endOfEpoch: return nil
    case .allOut:
      throw DMTError(
        .internalError, "all batches of the ring are in use", remedy: "recycle a batch before asking for the next one")
    }
  }

  /// Gives a batch back, to be filled again.
  public func recycle(_ batch: Batch) { ring.put(batch) }

  /// Continues with global batch `batchNumber` of `epoch`; a number past the epoch's last batch stands for its end.
  ///
  /// What was prepared for another position is dropped; batches in the caller's hands stay valid.
  public func seek(epoch: Int, batchNumber: Int) { ring.seek(epoch: epoch, batchNumber: batchNumber) }
}

/// What the two threads share. All state is guarded by the monitor, except the order, which the producer alone touches.
private final class Ring: @unchecked Sendable {
  enum Item {
    case batch(Batch)
    case endOfEpoch
    case allOut
  }

  /// Position + what was made for it; nil: the end of the epoch.
  private struct Ready {
    var batch: Batch?
  }

  private let samples: SampleTable
  private var order: BatchOrder
  private let epochs: Range<Int>
  private let rank: Int
  private let rankCount: Int
  private let depth: Int
  private let batchCount: Int

  private let monitor = Monitor()
  private var free: [Batch]
  /// A ring of its own: entries `head`, `head + 1`, .. modulo its size.
  private var ready: [Ready]
  private var head = 0
  private var readyCount = 0
  /// Batches in the caller's hands.
  private var out = 0
  /// Things that are being prepared right now.
  private var inFlight = 0
  private var epoch: Int
  private var batchNumber = 0
  /// Changes with every seek, so that a batch made for an earlier position is recognised.
  private var generation = 0
  private var isStopped = false
  /// False where no thread could be had: then batches are made when they are asked for.
  var hasThread = false

  init(samples: SampleTable, order: BatchOrder, epochs: Range<Int>, rank: Int, rankCount: Int, depth: Int) {
    self.samples = samples
    self.order = order
    self.epochs = epochs
    self.rank = rank
    self.rankCount = rankCount
    self.depth = depth
    batchCount = order.batchCount
    epoch = epochs.lowerBound
    free = (0..<depth).map { _ in samples.makeBatch() }
    // Besides the batches, ends of epochs wait here; empty data sets have nothing else.
    ready = [Ready](repeating: Ready(), count: depth + 2)
  }

  /// One thing to prepare.
  private struct Job {
    var epoch: Int
    var batchNumber: Int
    var generation: Int
    /// nil: the epoch is over.
    var batch: Batch?
  }

  /// The producer's loop.
  func produce() {
    while let job = nextJob() { finish(job) }
  }

  /// Waits until there is something to do; nil: stopped.
  private func nextJob() -> Job? {
    monitor.locked {
      while true {
        if isStopped { return nil }
        if let job = startJob() { return job }
        monitor.wait()
      }
    }
  }

  /// With the lock held: claims the next position, if there is room for it.
  private func startJob() -> Job? {
    guard epochs.contains(epoch), readyCount < ready.count else { return nil }
    var job = Job(epoch: epoch, batchNumber: batchNumber, generation: generation, batch: nil)
    if batchNumber >= batchCount {
      inFlight += 1
      epoch += 1
      batchNumber = 0
      return job
    }
    guard let batch = free.popLast() else { return nil }
    job.batch = batch
    inFlight += 1
    batchNumber += 1
    return job
  }

  /// Fills the job's batch, without the lock, and hands it over.
  private func finish(_ job: Job) {
    if let batch = job.batch {
      order.move(toEpoch: job.epoch)
      samples.fill(batch, batchNumber: job.batchNumber, of: order, rank: rank, rankCount: rankCount)
    }
    monitor.locked {
      inFlight -= 1
      if job.generation == generation {
        ready[(head + readyCount) % ready.count] = Ready(batch: job.batch)
        readyCount += 1
      } else if let batch = job.batch {
        free.append(batch)
      }
      monitor.wakeAll()
    }
  }

  func take() -> Item {
    if !hasThread { makeOne() }
    return monitor.locked {
      while readyCount == 0 {
        if inFlight == 0 {
          // Nothing is being made, and nothing will be: the last epoch is over, or there is no batch to make one in.
          if !epochs.contains(epoch) { return .endOfEpoch }
          if out == depth, batchNumber < batchCount { return .allOut }
        }
        monitor.wait()
      }
      let item = ready[head]
      ready[head] = Ready()
      head = (head + 1) % ready.count
      readyCount -= 1
      monitor.wakeAll()
      guard let batch = item.batch else { return .endOfEpoch }
      out += 1
      return .batch(batch)
    }
  }

  /// Without a producer thread, the caller's own does its work.
  private func makeOne() {
    let job = monitor.locked { readyCount == 0 ? startJob() : nil }
    if let job { finish(job) }
  }

  func put(_ batch: Batch) {
    monitor.locked {
      out -= 1
      free.append(batch)
      monitor.wakeAll()
    }
  }

  func seek(epoch: Int, batchNumber: Int) {
    monitor.locked {
      generation += 1
      while readyCount > 0 {
        if let batch = ready[head].batch { free.append(batch) }
        ready[head] = Ready()
        head = (head + 1) % ready.count
        readyCount -= 1
      }
      self.epoch = epoch
      self.batchNumber = max(0, batchNumber)
      monitor.wakeAll()
    }
  }

  func stop() {
    monitor.locked {
      isStopped = true
      monitor.wakeAll()
    }
  }
}
