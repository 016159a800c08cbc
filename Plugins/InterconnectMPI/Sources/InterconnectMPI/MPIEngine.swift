import CMPI
import DMTPluginKit
import Glibc
import Synchronization

/// MPI in this process: one thread makes every call of MPI, so that transfers go on while the rank computes.
///
/// The rank's thread hands operations over and waits on the monitor. While something is under way the thread asks MPI again
/// and again, with pauses that grow to a tenth of a millisecond, so that ranks which share a core let each other run.
final class MPIEngine: @unchecked Sendable {
  /// How a wait ended.
  enum End {
    case done
    /// Positions of members whose data have not come.
    case late([Int])
    case failed(DMTError)
  }

  /// The most bytes of one transfer; a test makes it tiny.
  static let transferLimit = Atomic<Int>(1 << 30)
  /// Tag of the message by which a rank ends the others' collectives.
  private static let abortTag: Int32 = 1
  private static let world = Mutex<MPIEngine?>(nil)

  let rank: Int
  let rankCount: Int
  let hostOfRank: [Int]
  private let monitor = Monitor()
  private var jobs: [Job] = []
  private var active: [MPIOperation] = []
  private var isStopping = false
  private var failure: DMTError?
  private var thread = pthread_t()
  /// Carries aborts.
  private var control: OpaquePointer?

  private enum Job {
    case begin(MPIOperation)
    case group(GroupRequest)
    case abort(String)
  }

  /// A communicator that the engine's thread makes for the rank's.
  private final class GroupRequest {
    var ranks: [Int32]
    var tag: Int32
    var comm: OpaquePointer?
    var failure: DMTError?
    var isDone = false

    init(_ ranks: [Int], tag: Int) {
      self.ranks = ranks.map { Int32($0) }
      self.tag = Int32(tag)
    }
  }

  // MARK: - Beginning and end

  /// The engine of this process, which joins the job on first use.
  static func shared() throws(DMTError) -> MPIEngine {
    var failure: DMTError?
    let engine = world.withLock { world -> MPIEngine? in
      if let world { return world }
      do throws(DMTError) {
        world = try MPIEngine()
      } catch { failure = error }
      return world
    }
    if let failure { throw failure }
    guard let engine else { throw DMTError(.internalError, "MPI did not start") }
    return engine
  }

  private init() throws(DMTError) {
    var (rank, size): (Int32, Int32) = (0, 1)
    let code = dmt_mpi_start(&rank, &size)
    guard code == 0 else {
      throw code == -1
        ? DMTError(
          .interconnectFailed, "this MPI library cannot be called from another thread than the main one",
          remedy: "use an Open MPI that was built with threads")
        : MPIEngine.error(code, "start")
    }
    var hosts = [Int32](repeating: 0, count: Int(size))
    let named = dmt_mpi_hosts(&hosts)
    guard named == 0 else { throw MPIEngine.error(named, "learn the hosts' names") }
    self.rank = Int(rank)
    rankCount = Int(size)
    hostOfRank = hosts.map { Int($0) }
    var all = (0..<size).map { $0 }
    var control: OpaquePointer?
    let made = dmt_mpi_group(&all, size, 32_001, &control)
    guard made == 0 else { throw MPIEngine.error(made, "make a communicator") }
    self.control = control
    let context = Unmanaged.passRetained(self).toOpaque()
    let started = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<MPIEngine>.fromOpaque(context).takeUnretainedValue().run() }
        return nil
      }, context)
    guard started == 0 else {
      throw DMTError(.io, "the thread that makes MPI's calls could not be started: \(String(cString: strerror(started)))")
    }
  }

  /// Ends the thread, and MPI where no collective has failed: a job that failed is ended by its launcher.
  func finish() {
    monitor.lock()
    let wasStopping = isStopping
    isStopping = true
    monitor.broadcast()
    monitor.unlock()
    if !wasStopping { pthread_join(thread, nil) }
  }

  static func error(_ code: Int32, _ what: String) -> DMTError {
    DMTError(.interconnectFailed, "MPI could not \(what): \(String(cString: dmt_mpi_text(code)))")
  }

  // MARK: - The rank's thread

  /// Hands a collective over.
  func begin(_ operation: MPIOperation) throws(DMTError) {
    monitor.lock()
    defer { monitor.unlock() }
    if let failure { throw failure }
    jobs.append(.begin(operation))
    monitor.broadcast()
  }

  func isDone(_ operation: MPIOperation) throws(DMTError) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    if let failure = operation.failure ?? failure { throw failure }
    return operation.isDone
  }

  func wait(_ operation: MPIOperation, milliseconds: Int) -> End {
    let deadline = Monitor.deadline(milliseconds: milliseconds)
    monitor.lock()
    defer { monitor.unlock() }
    while !operation.isDone {
      if let failure = operation.failure ?? failure { return .failed(failure) }
      if !monitor.wait(until: deadline), !operation.isDone {
        // What MPI still writes to is the caller's memory: nothing can be waited for after this.
        let missing = operation.missing
        failure = failure
          ?? DMTError(.interconnectFailed, "a collective of this rank did not end in time")
        return .late(missing)
      }
    }
    if let failure = operation.failure { return .failed(failure) }
    return .done
  }

  /// A communicator; all its members ask for it at the same time.
  func group(_ ranks: [Int], tag: Int, timeoutMilliseconds: Int) throws(DMTError) -> OpaquePointer {
    let request = GroupRequest(ranks, tag: tag)
    let deadline = Monitor.deadline(milliseconds: timeoutMilliseconds)
    monitor.lock()
    defer { monitor.unlock() }
    if let failure { throw failure }
    jobs.append(.group(request))
    monitor.broadcast()
    while !request.isDone {
      if !monitor.wait(until: deadline), !request.isDone {
        throw DMTError(
          .interconnectFailed,
          "rank \(rank), a communicator among \(CollectiveTitle.list(ranks)): they did not all come within "
            + "\(timeoutMilliseconds) ms")
      }
    }
    if let failure = request.failure { throw failure }
    guard let comm = request.comm else { throw DMTError(.internalError, "MPI made no communicator") }
    return comm
  }

  /// Ends the collectives of all ranks, this one's included.
  func abort(_ message: String) {
    monitor.lock()
    if failure == nil {
      failure = DMTError(.interconnectFailed, message)
      jobs.append(.abort(message))
    }
    monitor.broadcast()
    monitor.unlock()
    // Gives the message time to leave: the process may end right after.
    usleep(200_000)
  }

  // MARK: - The engine's thread

  private func run() {
    var pause: UInt32 = 0
    while true {
      monitor.lock()
      while jobs.isEmpty, active.isEmpty, !isStopping { _ = monitor.wait(until: Monitor.deadline(milliseconds: 50)) }
      let taken = jobs
      jobs.removeAll(keepingCapacity: true)
      let mayStop = isStopping && taken.isEmpty && (active.isEmpty || failure != nil)
      let hasFailed = failure != nil
      monitor.unlock()
      if mayStop {
        if !hasFailed { _ = dmt_mpi_finish() }
        return
      }
      for job in taken { perform(job) }
      let moved = progress() || !taken.isEmpty
      hearAborts()
      if moved {
        pause = 0
      } else if pause < 8 {
        pause += 1
        sched_yield()
      } else {
        usleep(min(20 * (pause - 7), 100))
        pause = min(pause + 1, 12)
      }
    }
  }

  private func perform(_ job: Job) {
    switch job {
    case .begin(let operation):
      var failure: DMTError?
      monitor.lock()
      do throws(DMTError) {
        try operation.start(limit: Self.transferLimit.load(ordering: .relaxed))
        active.append(operation)
      } catch { failure = error }
      monitor.unlock()
      if let failure { end(operation, failure: failure) }
    case .group(let request):
      let code = dmt_mpi_group(&request.ranks, Int32(request.ranks.count), request.tag, &request.comm)
      monitor.lock()
      if code != 0 { request.failure = MPIEngine.error(code, "make a communicator") }
      request.isDone = true
      monitor.broadcast()
      monitor.unlock()
    case .abort(let message):
      tellAbort(message)
    }
  }

  /// Asks MPI about every transfer; true when something ended.
  private func progress() -> Bool {
    var moved = false
    for operation in active {
      var index = 0
      while index < operation.transfers.count {
        var done: Int32 = 0
        let code = dmt_mpi_test(operation.transfers[index].request, &done)
        if code != 0 {
          end(operation, failure: failure(of: operation, transfer: index, code: code))
          clear(operation)
          moved = true
          break
        }
        if done != 0 {
          monitor.lock()
          operation.transfers.swapAt(index, operation.transfers.count - 1)
          operation.transfers.removeLast()
          monitor.unlock()
          moved = true
        } else {
          index += 1
        }
      }
      if operation.transfers.isEmpty, !operation.isDone { end(operation, failure: nil) }
    }
    active.removeAll { $0.transfers.isEmpty }
    return moved
  }

  private func failure(of operation: MPIOperation, transfer: Int, code: Int32) -> DMTError {
    guard code == DMT_MPI_OTHER_LENGTH, let from = operation.transfers[transfer].from else {
      return MPIEngine.error(code, "carry on \(operation.collective.kind.name)")
    }
    return DMTError(
      .interconnectFailed, "rank \(operation.ranks[from]) sent another number of elements than was expected",
      remedy: "all members give the same counts")
  }

  private func clear(_ operation: MPIOperation) {
    monitor.lock()
    operation.transfers.removeAll()
    monitor.unlock()
  }

  private func end(_ operation: MPIOperation, failure: DMTError?) {
    if failure == nil { operation.finish() }
    monitor.lock()
    operation.failure = failure
    operation.isDone = true
    monitor.broadcast()
    monitor.unlock()
  }

  private func tellAbort(_ message: String) {
    guard let control else { return }
    let bytes = Array(message.utf8.prefix(4096))
    for other in 0..<rankCount where other != rank {
      // Not waited for: whoever cannot be reached any more has nothing to hear.
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 8)
      copy.copyBytes(from: bytes)
      var request: OpaquePointer?
      _ = dmt_mpi_send(control, copy.baseAddress, Int32(bytes.count), Int32(other), Self.abortTag, &request)
    }
  }

  private func hearAborts() {
    guard let control else { return }
    var (found, from): (Int32, Int32) = (0, 0)
    var bytes: Int32 = 0
    guard dmt_mpi_probe(control, Self.abortTag, &found, &from, &bytes) == 0, found != 0 else { return }
    var text = [UInt8](repeating: 0, count: Int(bytes))
    var request: OpaquePointer?
    guard dmt_mpi_receive(control, &text, bytes, from, Self.abortTag, &request) == 0, let request else { return }
    var done: Int32 = 0
    while done == 0 { guard dmt_mpi_test(request, &done) == 0 else { return } }
    monitor.lock()
    failure = failure ?? DMTError(.interconnectFailed, String(decoding: text, as: UTF8.self))
    monitor.broadcast()
    monitor.unlock()
  }
}
