import CDMTHostShims
package import DMTCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A `dmt train`, or a launcher of several, under way in a process group of its own: Ctrl-C at the terminal reaches the parent
/// alone, which passes it on.
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
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
      if descriptor >= 0 { close(descriptor) }
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if descriptor >= 0 {
      posix_spawn_file_actions_adddup2(&actions, descriptor, 1)
      posix_spawn_file_actions_adddup2(&actions, descriptor, 2)
    }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
    var argumentPointers: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
    var environmentPointers: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { (argumentPointers + environmentPointers).forEach { free($0) } }
    var process = pid_t()
    let code = posix_spawnp(&process, executable, &actions, &attributes, &argumentPointers, &environmentPointers)
    guard code == 0 else { throw failure("cannot start the training", executable, code) }
    self.process = process
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
}

/// What a training does when the comparison that started it is gone.
public enum ParentWatch {
  /// From now on the end of the parent stops this process as SIGTERM does.
  public static func stopWithParent() { dmt_signal_with_parent(SIGTERM) }
}
