import CDMTHostShims
package import DMTCore
import DMTPluginHost
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A `dmt train`, or a launcher of several, under way in a process group of its own: the parent passes Ctrl-C on.
package struct TrainingProcess: Sendable {
  /// How a process ended.
  package enum End: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)
  }

  private let process: pid_t

  /// Starts `executable`, looked for on the PATH where it names no folder, with standard input closed.
  ///
  /// - Parameter output: what it prints is appended to this file; nil: it prints where this process does.
  /// - Throws: ``DMTError/Code/io`` when the system refuses.
  package init(executable: String, arguments: [String], output: String?) throws(DMTError) {
    func failure(_ what: String, _ file: String, _ code: Int32) -> DMTError {
      DMTError(.io, "\(what): \(String(cString: strerror(code)))", place: .init(file: file))
    }
    var descriptor: Int32 = -1
    if let output {
      descriptor = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw failure("cannot open the file for a run's output", output, errno) }
    }
    defer { if descriptor >= 0 { close(descriptor) } }
    let taken = descriptor >= 0 ? descriptor : nil
    do throws(ProcessGroup.Refused) {
      process = try ProcessGroup.spawn(
        executable, arguments: arguments,
        environment: ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }, output: taken, error: taken)
    } catch {
      throw failure("cannot start the training", executable, error.code)
    }
  }

  /// How it ended; nil while it runs.
  package func end() -> End? {
    var status: Int32 = 0
    let found = waitpid(process, &status, WNOHANG)
    guard found != 0 else { return nil }
    // Nobody else waits for it; if the system has lost it, there is nothing to wait for.
    guard found == process else { return errno == EINTR ? nil : .exit(-1) }
    return dmt_wait_exited(status) != 0 ? .exit(dmt_wait_exit_code(status)) : .signal(dmt_wait_signal(status))
  }

  /// Asks it to stop: it writes a checkpoint and ends with exit code 130.
  package func stop() { kill(process, SIGTERM) }

  /// Sends it any signal.
  package func send(_ signal: Int32) { kill(process, signal) }

  /// Sends any signal to it and to what it has started in its process group.
  package func sendToGroup(_ signal: Int32) { kill(-process, signal) }
}

/// What a training does when the comparison that started it is gone.
public enum ParentWatch {
  /// From now on the end of the parent stops this process as SIGTERM does.
  public static func stopWithParent() { dmt_signal_with_parent(SIGTERM) }
}
