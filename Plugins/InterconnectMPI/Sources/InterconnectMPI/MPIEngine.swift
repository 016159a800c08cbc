import CMPI
import DMTPluginKit
import Glibc

/// Moves what this rank has under way. All calls of MPI are made under one lock: by the thread that starts, tests or waits,
/// and, while none does, by a thread of the engine, so that data move while the rank computes.
final class MPIEngine: @unchecked Sendable {
  let library: MPIProcess.Library
  let tuning: MPITuning
  let timeoutMilliseconds: Int
  private let monitor = Monitor()
  /// Carries aborts, and lets ranks meet before they make a communicator.
  private(set) var control = dmt_mpi_world()

  var requests = RequestList()
  /// Operations that have messages under way.
  private var running: [Operation] = []
  /// Operations that failed, which requests may still name.
  private var abandoned: [Operation] = []
  /// Why the world is over.
  var failure: DMTError?
  /// Requests are left that write into memory of the caller: MPI is not called any more.
  var isFrozen = false
  let abortMemory = AbortMemory()

  private var waiting = 0
  private var isEnding = false
  private var thread: pthread_t?

  init(_ library: MPIProcess.Library, tuning: MPITuning, timeoutMilliseconds: Int) {
    self.library = library
    self.tuning = tuning
    self.timeoutMilliseconds = timeoutMilliseconds
    running.reserveCapacity(64)
  }

  deinit { requests.free() }

  /// Starts to listen for aborts, and the engine's thread.
  func begin() throws(DMTError) {
    try MPIProcess.check(dmt_mpi_duplicate(dmt_mpi_world(), &control), "MPI_Comm_dup")
    listen()
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<MPIEngine>.fromOpaque(argument).takeRetainedValue().progress() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard status == 0 else { throw DMTError(.interconnectFailed, "the communication thread cannot be started") }
    self.thread = thread
  }

  /// Stops the thread.
  ///
  /// - Returns: whether nothing failed and nothing is under way: MPI may be ended in the usual way.
  func end() -> Bool {
    monitor.lock()
    isEnding = true
    monitor.broadcast()
    monitor.unlock()
    if let thread { pthread_join(thread, nil) }
    return locked {
      if !isFrozen { stopListening() }
      return failure == nil && running.isEmpty
    }
  }

  func locked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    monitor.lock()
    defer { monitor.unlock() }
    return try body()
  }

  // MARK: Under the lock

  func wakeAll() { monitor.broadcast() }

  /// Sends and receives the first messages of an operation.
  func start(_ operation: Operation) {
    running.append(operation)
    operation.post(self)
    advance()
    _ = poll()
    // The engine's thread sleeps for as long as there is nothing to do.
    if running.count == 1 { monitor.broadcast() }
  }

  func send(_ operation: Operation, to member: Int, _ data: UnsafeRawPointer?, bytes: Int) {
    let comm = operation.communicator.comm
    let peer = Int32(operation.communicator.ranks[member])
    cut(bytes) { start, size in
      var request = dmt_mpi_request()
      let code = dmt_mpi_send(
        data.map { $0 + start }, size, operation.communicator.peers[member], operation.tag, comm, &request)
      add(request, code, operation, peer, isReceive: false, size, "MPI_Isend")
    }
  }

  func receive(_ operation: Operation, from member: Int, _ data: UnsafeMutableRawPointer?, bytes: Int) {
    let comm = operation.communicator.comm
    let peer = Int32(operation.communicator.ranks[member])
    cut(bytes) { start, size in
      var request = dmt_mpi_request()
      let code = dmt_mpi_receive(
        data.map { $0 + start }, size, operation.communicator.peers[member], operation.tag, comm, &request)
      add(request, code, operation, peer, isReceive: true, size, "MPI_Irecv")
    }
  }

  /// Cuts a transfer into messages that MPI can count; nothing is a message of no bytes.
  private func cut(_ bytes: Int, _ message: (_ start: Int, _ size: Int32) -> Void) {
    var start = 0
    repeat {
      let size = min(tuning.chunkBytes, bytes - start)
      message(start, Int32(size))
      start += size
    } while start < bytes
  }

  private func add(
    _ request: dmt_mpi_request, _ code: Int32, _ operation: Operation, _ peer: Int32, isReceive: Bool, _ size: Int32,
    _ call: StaticString
  ) {
    guard code == dmt_mpi_success() else { return fail(operation.title.met(MPIProcess.failure(code, call))) }
    operation.pending += 1
    requests.append(
      request,
      .init(operation: Unmanaged.passUnretained(operation), peer: peer, isReceive: isReceive, bytes: Int(size)))
  }

  /// Lets MPI move data and does what follows.
  ///
  /// - Returns: whether a message ended.
  func poll() -> Bool {
    guard failure == nil, requests.count > 0 else { return false }
    var completed: Int32 = 0
    let code = requests.test(&completed)
    guard code == dmt_mpi_success() else {
      fail(MPIProcess.failure(code, "MPI_Testsome"))
      return true
    }
    guard completed > 0 else { return false }
    var problem: DMTError?
    for index in 0..<Int(completed) {
      let completion = requests.completions[index]
      let entry = requests.entries[Int(completion.index)]
      guard let operation = entry.operation?.takeUnretainedValue() else {
        if entry.isReceive { problem = problem ?? heardAbort(completion) }
        continue
      }
      operation.pending -= 1
      problem = problem ?? self.problem(of: completion, entry, operation)
    }
    requests.compact()
    if let problem { fail(problem) } else { advance() }
    return true
  }

  /// What is wrong with a message that has ended.
  private func problem(
    of completion: dmt_mpi_completion, _ entry: RequestList.Entry, _ operation: Operation
  ) -> DMTError? {
    let isTooLong = completion.error != dmt_mpi_success() && dmt_mpi_is_truncation(completion.error) != 0
    if isTooLong || (entry.isReceive && completion.error == dmt_mpi_success() && Int(completion.bytes) != entry.bytes) {
      return DMTError(
        .invalidArgument,
        "\(operation.title): rank \(entry.peer) sends " + (isTooLong ? "more" : "\(completion.bytes) bytes")
          + " where this rank expects \(entry.bytes) bytes", remedy: "all members start the same collectives")
    }
    guard completion.error == dmt_mpi_success() else {
      return operation.title.met(MPIProcess.failure(completion.error, "a message of MPI"))
    }
    return nil
  }

  /// Goes on with the operations whose phase has ended.
  private func advance() {
    guard failure == nil else { return }
    var hasEnded = false
    for operation in running {
      while operation.state == .running, operation.pending == 0 {
        if operation.finishPhase() {
          operation.post(self)
        } else {
          operation.state = .done
          hasEnded = true
        }
      }
    }
    if hasEnded {
      running.removeAll { $0.state == .done }
      if waiting > 1 { monitor.broadcast() }
    }
  }

  /// Waits for an operation, unlocked in between.
  ///
  /// - Returns: why it did not end well.
  func finish(_ operation: Operation, milliseconds: Int) -> DMTError? {
    let limit = milliseconds > 0 ? milliseconds : timeoutMilliseconds
    let deadline = Monitor.deadline(milliseconds: limit)
    waiting += 1
    defer {
      waiting -= 1
      if waiting == 0, !running.isEmpty { monitor.broadcast() }
    }
    var pause = Pause()
    while operation.state != .done {
      if let reason = reason(operation) { return reason }
      if poll() {
        pause.reset()
      } else if Monitor.hasPassed(deadline) {
        fail(operation.title.missing(missing(operation), milliseconds: limit))
      } else {
        pause.take(monitor)
      }
    }
    return nil
  }

  /// Why an operation will not end; the world's failure may be about another one of this rank, and says so itself.
  func reason(_ operation: Operation) -> DMTError? {
    guard let failure else { return nil }
    return failure.message.hasPrefix("rank \(library.rank),") ? failure : operation.title.met(failure)
  }

  /// World ranks from which a message of the operation's phase has not come.
  private func missing(_ operation: Operation) -> [Int] {
    var ranks: Set<Int> = []
    for index in 0..<requests.count {
      let entry = requests.entries[index]
      if entry.operation?.toOpaque() == Unmanaged.passUnretained(operation).toOpaque(), entry.isReceive {
        ranks.insert(Int(entry.peer))
      }
    }
    return ranks.sorted()
  }

  /// Keeps an operation that failed for as long as requests may name it.
  func abandon(_ operation: Operation) {
    running.removeAll { $0 === operation }
    abandoned.append(operation)
  }

  // MARK: The engine's thread

  /// Moves data while no other thread of the rank does.
  private func progress() {
    monitor.lock()
    var pause = Pause()
    while !isEnding {
      if waiting > 0 || running.isEmpty || failure != nil {
        pause.reset()
        _ = monitor.wait(until: Monitor.deadline(milliseconds: 100))
      } else if poll() {
        pause.reset()
      } else {
        pause.take(monitor)
      }
    }
    monitor.unlock()
  }
}
