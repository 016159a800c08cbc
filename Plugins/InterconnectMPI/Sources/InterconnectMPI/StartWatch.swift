import DMTPluginKit
import Glibc

/// Ends the process when MPI does not start in time: `MPI_Init_thread` waits for every rank, and nothing can call it off.
///
/// Other ranks do not wait for this one then: the launcher sees it end.
final class StartWatch {
  private let state: State

  /// Shared with the thread, which may outlive the watch by an instant.
  private final class State: @unchecked Sendable {
    let monitor = Monitor()
    let milliseconds: Int
    /// Under the monitor.
    var isDone = false

    init(milliseconds: Int) { self.milliseconds = milliseconds }
  }

  /// Watches from now on.
  init(milliseconds: Int) {
    state = State(milliseconds: milliseconds)
    guard milliseconds > 0 else { return }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(state)
    let status = pthread_create(
      &thread, nil,
      { context in
        if let context { StartWatch.watch(Unmanaged<State>.fromOpaque(context).takeRetainedValue()) }
        return nil
      }, context.toOpaque())
    // Without a thread MPI starts as it would without a watch.
    guard status == 0 else {
      context.release()
      return
    }
    pthread_detach(thread)
  }

  /// MPI has started, or said why it cannot.
  func end() {
    state.monitor.lock()
    state.isDone = true
    state.monitor.broadcast()
    state.monitor.unlock()
  }

  private static func watch(_ state: State) {
    let deadline = Monitor.deadline(milliseconds: state.milliseconds)
    state.monitor.lock()
    while !state.isDone, !Monitor.hasPassed(deadline) { _ = state.monitor.wait(until: deadline) }
    let isDone = state.isDone
    state.monitor.unlock()
    guard !isDone else { return }
    let error = DMTError(
      .interconnectFailed, "MPI did not start within \(state.milliseconds / 1000) s: not all ranks have come",
      remedy: "see that every host can be reached and that mpirun starts dmt there; a start that takes longer needs a "
        + "higher interconnect.timeout")
    let text = Array("\(error)\n".utf8)
    _ = write(STDERR_FILENO, text, text.count)
    // The process is inside MPI: nothing of it can be ended in order.
    _exit(error.code.exitCode)
  }
}
