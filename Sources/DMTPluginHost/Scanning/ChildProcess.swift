internal import CDMTHostShims
package import DMTCore
internal import Glibc

/// A child process in a group of its own, with its output collected and its time limited.
package struct ChildProcess {
  /// What became of the child.
  package struct Outcome {
    /// What it wrote to standard output.
    package var output: [UInt8]
    /// The last of what it wrote to standard error.
    package var errorTail: [UInt8]
    /// It ran past the limit and was killed.
    package var timedOut: Bool
    /// The signal that ended it, 0 when it ended by itself.
    package var signal: Int32
    /// Its exit code, -1 when a signal ended it.
    package var exitCode: Int32
  }

  /// More than any scan answers; a child that writes more is broken.
  private static let outputCapacity = 16 << 20
  private static let errorCapacity = 4096

  private let process: pid_t
  private let outputPipe: Int32
  private let errorPipe: Int32
  private let deadline: UInt64
  private var output: [UInt8] = []
  private var errorTail: [UInt8] = []
  private var timedOut = false

  /// Starts `executable` with standard input closed.
  ///
  /// - Throws: ``DMTError/Code/io`` when the system refuses.
  package init(
    executable: String, arguments: [String], environment: [String], limitMilliseconds: Int
  ) throws(DMTError) {
    func failure(_ what: String, _ code: Int32) -> DMTError {
      DMTError(.io, "\(what) for a child process failed: \(String(cString: strerror(code)))")
    }
    var outputEnds: [Int32] = [-1, -1]
    var errorEnds: [Int32] = [-1, -1]
    guard dmt_pipe(&outputEnds) == 0 else { throw failure("a pipe", errno) }
    guard dmt_pipe(&errorEnds) == 0 else {
      let code = errno
      outputEnds.forEach { close($0) }
      throw failure("a pipe", code)
    }
    defer {
      close(outputEnds[1])
      close(errorEnds[1])
    }
    do throws(ProcessGroup.Refused) {
      process = try ProcessGroup.spawn(
        executable, arguments: arguments, environment: environment, output: outputEnds[1], error: errorEnds[1])
    } catch {
      close(outputEnds[0])
      close(errorEnds[0])
      throw failure("starting \(executable)", error.code)
    }
    outputPipe = outputEnds[0]
    errorPipe = errorEnds[0]
    _ = dmt_set_nonblocking(outputPipe)
    _ = dmt_set_nonblocking(errorPipe)
    deadline = Self.now() + UInt64(max(1, limitMilliseconds)) * 1_000_000
  }

  /// Waits for the child, or kills it at its limit.
  package mutating func wait() -> Outcome {
    var status: Int32 = 0
    while waitpid(process, &status, WNOHANG) == 0 {
      let now = Self.now()
      if now >= deadline || output.count > Self.outputCapacity {
        timedOut = true
        kill(-process, SIGKILL)
        waitpid(process, &status, 0)
        break
      }
      // Short turns, because a child that ends closes its pipes only when its own children do.
      var polls = [
        pollfd(fd: outputPipe, events: Int16(POLLIN), revents: 0),
        pollfd(fd: errorPipe, events: Int16(POLLIN), revents: 0),
      ]
      let left = Int32((deadline - now) / 1_000_000 + 1)
      _ = poll(&polls, 2, min(left, 5))
      drain()
      // Both ends closed: poll returns at once, and the child is about to end.
      if polls.allSatisfy({ $0.revents & Int16(POLLHUP) != 0 }) { usleep(500) }
    }
    drain()
    kill(-process, SIGKILL)
    close(outputPipe)
    close(errorPipe)
    return Outcome(
      output: output, errorTail: errorTail, timedOut: timedOut, signal: dmt_wait_signal(status),
      exitCode: dmt_wait_exit_code(status))
  }

  private mutating func drain() {
    Self.read(outputPipe) { output.append(contentsOf: $0) }
    Self.read(errorPipe) { bytes in
      errorTail.append(contentsOf: bytes)
      if errorTail.count > Self.errorCapacity { errorTail.removeFirst(errorTail.count - Self.errorCapacity) }
    }
  }

  private static func read(_ descriptor: Int32, _ body: (ArraySlice<UInt8>) -> Void) {
    var buffer = [UInt8](repeating: 0, count: 65536)
    // Not more than a turn's worth: a plugin that prints without end must not keep us from the clock.
    for _ in 0..<64 {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return }
      body(buffer[..<count])
    }
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
