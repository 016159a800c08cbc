internal import CDMTHostShims
internal import CDMTPlugin
internal import DMTCore
internal import Glibc

/// What the threads of a pool share.
///
/// A call is published by writing the job, opening the gate, and raising the epoch. Workers that see a new epoch enter
/// through the gate, take pieces until there are none, and leave. The caller takes pieces too, closes the gate, and waits
/// for those that are still inside: a worker that wakes up late finds the gate closed, so nobody waits for sleepers.
final class PoolState: @unchecked Sendable {
  /// Set in the gate when nobody may enter.
  private static let closed: UInt32 = 1 << 31
  /// Set in the gate when the caller sleeps until it is empty.
  private static let callerSleeps: UInt32 = 1 << 30
  /// Low bits of the gate: workers inside.
  private static let insideMask: UInt32 = callerSleeps - 1
  /// Words lie this many apart, each on a cache line of its own (and its neighbour that prefetchers pull).
  private static let stride = 32

  private struct Job {
    var count: Int
    var chunk: Int
    var body: dmt_parallel_body
    var argument: UnsafeMutableRawPointer?
    /// What the caller does, which a worker does for it.
    var activity: dmt_activity
  }

  private let threads: Int
  private let spinNanoseconds: Int64
  private let words: UnsafeMutablePointer<UInt32>
  private let next: UnsafeMutablePointer<Int64>
  private let job: UnsafeMutablePointer<Job>
  private var handles: [pthread_t] = []

  /// Number of the current call; workers sleep on it.
  private var epoch: UnsafeMutablePointer<UInt32> { words }
  private var gate: UnsafeMutablePointer<UInt32> { words + Self.stride }
  private var sleepers: UnsafeMutablePointer<UInt32> { words + 2 * Self.stride }
  private var busy: UnsafeMutablePointer<UInt32> { words + 3 * Self.stride }
  private var stopping: UnsafeMutablePointer<UInt32> { words + 4 * Self.stride }

  init(threads: Int) {
    self.threads = threads
    // With fewer CPUs than threads a spinning thread would keep the CPU from the one it waits for.
    spinNanoseconds = threads <= Int(dmt_usable_cpus()) ? 40_000 : 0
    let bytes = 5 * Self.stride * MemoryLayout<UInt32>.stride
    words = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 128).bindMemory(
      to: UInt32.self, capacity: 5 * Self.stride)
    words.initialize(repeating: 0, count: 5 * Self.stride)
    next = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128).bindMemory(to: Int64.self, capacity: 16)
    next.initialize(repeating: 0, count: 16)
    job = .allocate(capacity: 1)
    job.initialize(to: Job(count: 0, chunk: 1, body: { _, _, _, _ in }, argument: nil, activity: dmt_activity()))
    dmt_word_store(words + Self.stride, Self.closed)
  }

  deinit {
    words.deallocate()
    next.deallocate()
    job.deinitialize(count: 1)
    job.deallocate()
  }

  /// What a thread's role names this pool by.
  var identity: UnsafeRawPointer { UnsafeRawPointer(words) }

  /// Takes the right to run a call; false when another thread has it.
  func claim() -> Bool { dmt_word_swap_if(busy, 0, 1) != 0 }

  func unclaim() { dmt_word_store(busy, 0) }

  /// Runs one call; the caller has claimed the pool.
  func run(count: Int, chunk: Int, body: dmt_parallel_body, argument: UnsafeMutableRawPointer?) {
    job.pointee = Job(count: count, chunk: chunk, body: body, argument: argument, activity: dmt_activity_copy())
    dmt_long_store(next, 0)
    dmt_word_store(gate, 0)
    _ = dmt_word_add(epoch, 1)
    if dmt_word_load(sleepers) > 0 {
      let helpers = min(threads - 1, (count - 1) / chunk)
      dmt_futex_wake(epoch, Int32(helpers))
    }
    takePieces(worker: 0)
    var inside = dmt_word_or(gate, Self.closed) & Self.insideMask
    if inside == 0 { return }
    inside = dmt_spin_while_any(gate, Self.insideMask, spinNanoseconds)
    while inside & Self.insideMask != 0 {
      let before = dmt_word_load(gate)
      if before & Self.insideMask == 0 { break }
      let asleep = before | Self.callerSleeps
      if before == asleep || dmt_word_swap_if(gate, before, asleep) != 0 { dmt_futex_wait(gate, asleep) }
      inside = dmt_word_load(gate)
    }
  }

  private func takePieces(worker: Int32) {
    let job = job.pointee
    while true {
      // Never far beyond count: every thread stops at its first miss, so `next` cannot overflow.
      let begin = Int(dmt_long_add(next, Int64(job.chunk)))
      if begin >= job.count { return }
      let end = begin + min(job.chunk, job.count - begin)
      job.body(job.argument, Int64(begin), Int64(end), worker)
    }
  }

  private func work(as worker: Int32) {
    dmt_thread_role_here().pointee = dmt_thread_role(pool: identity, worker: worker)
    var seen: UInt32 = 0
    while dmt_word_load(stopping) == 0 {
      var current = dmt_spin_while(epoch, seen, spinNanoseconds)
      while current == seen {
        _ = dmt_word_add(sleepers, 1)
        dmt_futex_wait(epoch, seen)
        _ = dmt_word_add(sleepers, UInt32.max)
        current = dmt_word_load(epoch)
      }
      seen = current
      if enter() {
        dmt_activity_assume(job.pointee.activity)
        takePieces(worker: worker)
        dmt_activity_assume(dmt_activity())
        leave()
      }
    }
  }

  private func enter() -> Bool {
    while true {
      let found = dmt_word_load(gate)
      if found & Self.closed != 0 { return false }
      if dmt_word_swap_if(gate, found, found + 1) != 0 { return true }
    }
  }

  private func leave() {
    let before = dmt_word_add(gate, UInt32.max)
    if before == Self.closed | Self.callerSleeps | 1 { dmt_futex_wake(gate, 1) }
  }
}

// MARK: Threads

extension PoolState {
  private final class Start {
    let state: PoolState
    let worker: Int32
    init(state: PoolState, worker: Int32) {
      self.state = state
      self.worker = worker
    }
  }

  /// Starts the workers, which keep this object alive until they end.
  func start() throws(DMTError) {
    // A signal is for the thread that waits for it, never for a worker in the middle of a kernel.
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    dmt_crash_signals_remove(&all)
    pthread_sigmask(SIG_BLOCK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    for worker in 1..<max(1, threads) {
      let start = Unmanaged.passRetained(Start(state: self, worker: Int32(worker)))
      var handle = pthread_t()
      let code = pthread_create(
        &handle, nil,
        { argument in
          guard let argument else { return nil }
          let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
          dmt_name_thread("dmt-worker-\(start.worker)")
          dmt_crash_stack_make()
          start.state.work(as: start.worker)
          dmt_crash_stack_free()
          return nil
        }, start.toOpaque())
      if code != 0 {
        start.release()
        throw DMTError(
          .io, "worker thread \(worker) of \(threads) could not be started: \(String(cString: strerror(code)))",
          remedy: "ask for fewer threads or raise the limit (ulimit -u)")
      }
      handles.append(handle)
    }
  }

  /// Ends the workers and waits for them.
  func stop() {
    dmt_word_store(stopping, 1)
    _ = dmt_word_add(epoch, 1)
    dmt_futex_wake(epoch, Int32.max)
    for handle in handles where pthread_equal(handle, pthread_self()) == 0 { pthread_join(handle, nil) }
    handles = []
  }
}
