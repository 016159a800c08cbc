import CMPI
import DMTPluginKit
import Glibc
import Synchronization

/// MPI in this process: it can be started once, and ended once.
enum MPIProcess {
  /// What MPI says about this process.
  struct Library: Sendable {
    var rank: Int
    var rankCount: Int
    var hostOfRank: [Int]
  }

  private struct State {
    var library: Library?
    var engine: MPIEngine?
    var isFinalized = false
  }

  private static let state = Mutex(State())

  /// Starts MPI, or answers what it said when it was started for a world that could not be opened.
  ///
  /// - Parameter timeoutMilliseconds: MPI waits for all ranks when it starts, without end; a process that has waited longer ends.
  static func open(timeoutMilliseconds: Int) throws(DMTError) -> Library {
    try state.withLock { state throws(DMTError) in
      guard !state.isFinalized, state.engine == nil else {
        throw DMTError(.invalidArgument, "MPI was started before, and a process can start it only once")
      }
      if let library = state.library { return library }
      let library = try start(timeoutMilliseconds)
      state.library = library
      return library
    }
  }

  static func adopt(_ engine: MPIEngine) { state.withLock { $0.engine = engine } }

  /// Ends MPI when nothing failed; otherwise MPI's launcher ends the other ranks when this process has ended.
  static func close(_ engine: MPIEngine) {
    let isOpen = state.withLock { state in
      defer { state.engine = nil }
      return state.engine === engine
    }
    if isOpen { finalize(isWhole: engine.end()) }
  }

  /// The process ends, whatever was left open: the other ranks need not wait for this one.
  static func shutdown() {
    let (engine, isStarted) = state.withLock { ($0.engine, $0.library != nil && !$0.isFinalized) }
    if let engine {
      engine.locked { engine.abort("its process ended") }
      close(engine)
    } else if isStarted {
      finalize(isWhole: true)
    }
  }

  private static func finalize(isWhole: Bool) {
    state.withLock { $0.isFinalized = true }
    guard !isWhole else {
      _ = MPI_Finalize()
      return
    }
    // Ranks that are alive meet here; those that are not must not keep this one.
    FinalizeThread.run(milliseconds: 2000)
  }

  // MARK: Starting

  private static func start(_ timeoutMilliseconds: Int) throws(DMTError) -> Library {
    promoteLibrary()
    let watch = StartWatch(milliseconds: timeoutMilliseconds)
    defer { watch.end() }
    var isSerialized: Int32 = 0
    try keepingSignals { () throws(DMTError) in
      try check(dmt_mpi_init(&isSerialized), "MPI_Init_thread")
    }
    guard isSerialized != 0 else {
      throw DMTError(
        .interconnectFailed, "this MPI allows calls from one thread alone",
        remedy: "use an MPI that was built with threads, such as Debian's openmpi-bin and libopenmpi-dev")
    }
    var rank: Int32 = 0
    var count: Int32 = 0
    try check(dmt_mpi_rank(dmt_mpi_world(), &rank), "MPI_Comm_rank")
    try check(dmt_mpi_size(dmt_mpi_world(), &count), "MPI_Comm_size")
    return Library(rank: Int(rank), rankCount: Int(count), hostOfRank: try hosts(Int(count)))
  }

  /// Open MPI catches the signals of crashes; they belong to the host.
  private static func keepingSignals(_ body: () throws(DMTError) -> Void) throws(DMTError) {
    let signals = [SIGABRT, SIGBUS, SIGFPE, SIGSEGV]
    var actions = [Glibc.sigaction](repeating: Glibc.sigaction(), count: signals.count)
    for (index, signal) in signals.enumerated() { _ = sigaction(signal, nil, &actions[index]) }
    defer { for (index, signal) in signals.enumerated() { _ = sigaction(signal, &actions[index], nil) } }
    try body()
  }

  /// MPI loads parts of itself that look for its symbols among the process's own; a plugin's libraries are not there.
  private static func promoteLibrary() {
    // Open MPI 4 and 5, MPICH, and what else is called so; only what is loaded already is looked at.
    for name in ["libmpi.so.40", "libmpi.so.12", "libmpi.so"]
    where dlopen(name, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD) != nil {
      return
    }
  }

  /// Numbers of the hosts, from their names: every rank's own, in the order of the ranks.
  private static func hosts(_ count: Int) throws(DMTError) -> [Int] {
    let size = 256
    var own = [UInt8](repeating: 0, count: size)
    own.withUnsafeMutableBytes { bytes in
      if let name = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) { _ = gethostname(name, size - 1) }
    }
    var all = [UInt8](repeating: 0, count: size * count)
    try check(dmt_mpi_gather(own, Int32(size), &all, dmt_mpi_world()), "MPI_Allgather")
    var numbers: [[UInt8]: Int] = [:]
    return (0..<count).map { rank in
      let name = Array(all[(size * rank)..<(size * (rank + 1))])
      let number = numbers[name] ?? numbers.count
      numbers[name] = number
      return number
    }
  }

  /// An error code of MPI as an error.
  static func check(_ code: Int32, _ call: StaticString) throws(DMTError) {
    if code != dmt_mpi_success() { throw failure(code, call) }
  }

  static func failure(_ code: Int32, _ call: StaticString) -> DMTError {
    var text = [CChar](repeating: 0, count: Int(dmt_mpi_error_size()) + 1)
    var length: Int32 = 0
    MPI_Error_string(code, &text, &length)
    let words = String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return DMTError(.interconnectFailed, "\(call) failed: \(words)")
  }
}

/// Ends MPI beside the process's own end, which waits for it no longer than it must.
private enum FinalizeThread {
  private static let isDone = Atomic<Bool>(false)

  static func run(milliseconds: Int) {
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { _ in
        _ = MPI_Finalize()
        FinalizeThread.isDone.store(true, ordering: .sequentiallyConsistent)
        return nil
      }, nil)
    guard status == 0 else { return }
    pthread_detach(thread)
    for _ in 0..<milliseconds where !isDone.load(ordering: .sequentiallyConsistent) { usleep(1000) }
  }
}
