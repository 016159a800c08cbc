internal import CDMTPlugin
internal import Foundation
internal import Synchronization

/// Threads that wait for the pieces of one loop at a time: the smallest thing that behaves as the contract says.
final class TestPool: Sendable {
  private let generation = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let pending = Atomic<Int>(0)
  private let isRunning = Atomic<Bool>(false)
  private let loop = UnsafeLoop()
  let threads: Int

  /// The loop that is running; written before `generation` is raised, read after.
  private final class UnsafeLoop: @unchecked Sendable {
    var count: Int64 = 0
    var chunk: Int64 = 1
    var body: dmt_parallel_body?
    var argument: UnsafeMutableRawPointer?
  }

  init(threads: Int) {
    self.threads = threads
  }

  func start() {
    for worker in 1..<max(1, threads) {
      Thread.detachNewThread { [self] in serve(Int32(worker)) }
    }
  }

  private func serve(_ worker: Int32) {
    var seen = 0
    while true {
      var spins = 0
      while generation.load(ordering: .acquiring) == seen {
        spins += 1
        if spins > 200_000 { usleep(200) }
      }
      seen += 1
      work(worker)
      pending.subtract(1, ordering: .acquiringAndReleasing)
    }
  }

  private func work(_ worker: Int32) {
    while true {
      let begin = Int64(next.add(Int(loop.chunk), ordering: .relaxed).oldValue)
      if begin >= loop.count { return }
      loop.body?(loop.argument, begin, min(loop.count, begin + loop.chunk), worker)
    }
  }

  func run(_ count: Int64, _ grain: Int64, _ body: dmt_parallel_body, _ argument: UnsafeMutableRawPointer?) {
    let wasRunning = isRunning.exchange(true, ordering: .acquiring)
    if wasRunning || threads == 1 || count <= grain {
      body(argument, 0, count, 0)
    } else {
      loop.count = count
      loop.chunk = max(grain, count / Int64(8 * threads), 1)
      loop.body = body
      loop.argument = argument
      next.store(0, ordering: .relaxed)
      pending.store(threads - 1, ordering: .relaxed)
      generation.add(1, ordering: .releasing)
      work(0)
      while pending.load(ordering: .acquiring) != 0 {}
    }
    if !wasRunning { isRunning.store(false, ordering: .releasing) }
  }
}
