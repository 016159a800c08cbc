import DMTCore
import DMTPluginHost
import Glibc
import Testing

/// What a body of these tests writes to: how often each element and each worker was seen.
private final class Counts: @unchecked Sendable {
  let visits: UnsafeMutablePointer<Int32>
  let sums: UnsafeMutablePointer<Int64>
  let running: UnsafeMutablePointer<Int32>
  let count: Int
  var pool: ThreadPool?
  var sawSharedWorker = false

  init(count: Int) {
    self.count = count
    visits = .allocate(capacity: max(1, count))
    visits.initialize(repeating: 0, count: max(1, count))
    sums = .allocate(capacity: 64 * 16)
    sums.initialize(repeating: 0, count: 64 * 16)
    running = .allocate(capacity: 64)
    running.initialize(repeating: 0, count: 64)
  }

  deinit {
    visits.deallocate()
    sums.deallocate()
    running.deallocate()
  }

  var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
  static func at(_ pointer: UnsafeMutableRawPointer?) -> Counts {
    Unmanaged<Counts>.fromOpaque(pointer!).takeUnretainedValue()
  }

  var everyElementOnce: Bool { (0..<count).allSatisfy { visits[$0] == 1 } }
  var sum: Int64 { (0..<64).reduce(0) { $0 + sums[$1 * 16] } }
}

@Suite("Thread pool")
struct ThreadPoolTests {
  @Test("visits every element once and gives each worker its own number", arguments: [1, 2, 3, 4], [1, 7, 64, 1000])
  func coversRange(threads: Int, grain: Int) throws {
    let pool = try ThreadPool(threads: threads)
    for count in [1, 2, 63, 64, 65, 1000, 4097] {
      let counts = Counts(count: count)
      pool.parallelFor(
        count: count, grain: grain,
        body: { argument, begin, end, worker in
          let counts = Counts.at(argument)
          for index in begin..<end {
            counts.visits[Int(index)] += 1
            // Unsynchronised: two bodies that ran at once with one worker number would lose additions.
            counts.sums[Int(worker) * 16] += index
          }
        }, argument: counts.pointer)
      #expect(counts.everyElementOnce)
      #expect(counts.sum == Int64(count) * Int64(count - 1) / 2)
      for worker in threads..<64 { #expect(counts.sums[worker * 16] == 0) }
    }
  }

  @Test("pieces are at least as long as the grain, the last one excepted")
  func respectsGrain() throws {
    let pool = try ThreadPool(threads: 3)
    for (count, grain) in [(1000, 300), (1000, 999), (1000, 5000), (10_000, 8), (7, 2)] {
      let counts = Counts(count: count)
      counts.sums[0] = Int64(grain)
      counts.sums[16] = Int64(count)
      pool.parallelFor(
        count: count, grain: grain,
        body: { argument, begin, end, _ in
          let counts = Counts.at(argument)
          let isLong = end - begin >= counts.sums[0] || end == counts.sums[16]
          for index in begin..<end { counts.visits[Int(index)] += isLong ? 1 : 1000 }
        }, argument: counts.pointer)
      #expect(counts.everyElementOnce)
    }
  }

  @Test("a call from inside a body runs on the same thread, as the same worker")
  func nestedRunsInline() throws {
    let pool = try ThreadPool(threads: 4)
    let counts = Counts(count: 64 * 100)
    counts.pool = pool
    pool.parallelFor(
      count: 64, grain: 1,
      body: { argument, begin, end, worker in
        let counts = Counts.at(argument)
        for outer in begin..<end {
          struct Inner {
            var visits: UnsafeMutablePointer<Int32>
            var outer: Int64
            var worker: Int32
            var thread: pthread_t
          }
          var inner = Inner(visits: counts.visits, outer: outer, worker: worker, thread: pthread_self())
          counts.pool?.parallelFor(
            count: 100, grain: 1,
            body: { argument, begin, end, worker in
              let inner = argument!.assumingMemoryBound(to: Inner.self).pointee
              let isInline = worker == inner.worker && pthread_equal(inner.thread, pthread_self()) != 0
              for index in begin..<end {
                inner.visits[Int(inner.outer * 100 + index)] += isInline ? 1 : 1000
              }
            }, argument: &inner)
        }
      }, argument: counts.pointer)
    counts.pool = nil
    #expect(counts.everyElementOnce)
  }

  @Test("several threads may call at once")
  func concurrentCallers() async throws {
    let pool = try ThreadPool(threads: 3)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for round in 0..<500 {
            let count = 1 + (round * 37) % 900
            let counts = Counts(count: count)
            pool.parallelFor(
              count: count, grain: 1 + round % 9,
              body: { argument, begin, end, worker in
                let counts = Counts.at(argument)
                for index in begin..<end {
                  counts.visits[Int(index)] += 1
                  counts.sums[Int(worker) * 16] += index
                }
              }, argument: counts.pointer)
            if !counts.everyElementOnce || counts.sum != Int64(count) * Int64(count - 1) / 2 { return false }
          }
          return true
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }

  @Test("many short calls, with pauses that let the workers fall asleep, lose nothing")
  func wakesSleepers() throws {
    let pool = try ThreadPool(threads: 4)
    let counts = Counts(count: 257)
    for round in 1...400 {
      if round % 40 == 0 { usleep(2000) }
      pool.parallelFor(
        count: 257, grain: 1,
        body: { argument, begin, end, _ in
          let counts = Counts.at(argument)
          for index in begin..<end { counts.visits[Int(index)] += 1 }
        }, argument: counts.pointer)
      #expect((0..<257).allSatisfy { counts.visits[$0] == Int32(round) })
    }
  }

  @Test("a count of zero or less calls nothing; pools start and stop")
  func emptyAndRestart() throws {
    for threads in 1...4 {
      for _ in 0..<20 {
        let pool = try ThreadPool(threads: threads)
        pool.parallelFor(count: 0, grain: 1, body: { _, _, _, _ in Issue.record("called") }, argument: nil)
        pool.parallelFor(count: -5, grain: 1, body: { _, _, _, _ in Issue.record("called") }, argument: nil)
        #expect(pool.threadCount == threads)
      }
    }
  }

  @Test("a number of threads out of bounds is refused", arguments: [0, -3, 100_000])
  func refusesBadThreadCounts(threads: Int) {
    #expect(throws: DMTError.self) { try ThreadPool(threads: threads) }
  }
}
