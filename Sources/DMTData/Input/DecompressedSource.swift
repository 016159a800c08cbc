package import DMTCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#else
  @preconcurrency import Darwin
#endif

/// A compressed file, streamed through the system's tool (`xz -dc -- FILE`).
///
/// The tool writes into a pipe that the reading thread empties, so decompression runs beside parsing and nothing is
/// held whole in memory. The tool is started with posix_spawn: a reader blocks its thread, and a library that needs Swift's
/// own thread pool to notice a child's end would wait for ever once readers hold all of that pool.
package final class DecompressedSource: ByteSource {
  /// Held from making a pipe until its child runs, so that no other child of this class inherits an end of it.
  private static let spawning = Mutex<Void>(())

  private let path: String
  private let tool: InputFile.Tool
  private let output: FileDescriptor
  private let messages: FileDescriptor
  /// The child, until it has been waited for.
  private var process: pid_t?

  package init(path: String, tool: InputFile.Tool) throws(DMTError) {
    self.path = path
    self.tool = tool
    let started = Self.spawning.withLock { _ in Self.spawn(tool: tool.name, path: path) }
    switch started {
    case .success(let child):
      output = child.output
      messages = child.messages
      process = child.process
    case .failure(.noSuchFileOrDirectory):
      throw DMTError(
        .unsupported, "the file is compressed and the command '\(tool.name)' is not installed",
        place: .init(file: path),
        remedy: "install it (Debian, Ubuntu: apt-get install \(tool.package)) or unpack the file")
    case .failure(let error):
      throw DMTError(.io, "\(tool.name) could not be started: \(error)", place: .init(file: path))
    }
  }

  deinit {
    try? output.close()
    try? messages.close()
    if let process {
      kill(process, SIGKILL)
      _ = Self.wait(for: process)
    }
  }

  package func read(into memory: UnsafeMutableRawBufferPointer) throws(DMTError) -> Int {
    let count: Int
    do {
      count = try output.read(into: memory)
    } catch {
      throw DMTError(.io, "reading from \(tool.name) failed: \(error)", place: .init(file: path))
    }
    if count == 0 { try checkEnd() }
    return count
  }

  private func checkEnd() throws(DMTError) {
    guard let process else { return }
    let status = Self.wait(for: process)
    self.process = nil
    guard status != 0 else { return }
    var text: [UInt8] = []
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
      let count = (try? messages.read(into: buffer)) ?? 0
      text.append(contentsOf: buffer[..<count])
    }
    let said = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: "; ")
    let end = status & 0x7F == 0 ? "exit code \(status >> 8 & 0xFF)" : "signal \(status & 0x7F)"
    throw DMTError(
      .invalidData, "\(tool.name) could not unpack the file (\(end)): \(said.isEmpty ? "no message" : said)",
      place: .init(file: path), remedy: "the file is truncated or damaged; fetch it again")
  }

  /// The status that waitpid gives; -1 when there is no such child.
  private static func wait(for process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      if errno != EINTR { return -1 }
    }
    return status
  }

  // MARK: Starting the tool

  private struct Child {
    var process: pid_t
    var output: FileDescriptor
    var messages: FileDescriptor
  }

  private static func spawn(tool: String, path: String) -> Result<Child, Errno> {
    var open: [FileDescriptor] = []
    func fail(_ error: Errno) -> Result<Child, Errno> {
      for descriptor in open { try? descriptor.close() }
      return .failure(error)
    }
    do {
      for _ in 0..<2 {
        let (reading, writing) = try FileDescriptor.pipe()
        open += [reading, writing]
      }
    } catch {
      return fail(error as? Errno ?? .ioError)
    }
    for descriptor in open { _ = fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) }
    // A tool with more to say than the pipe holds loses the rest instead of waiting for a reader.
    _ = fcntl(open[3].rawValue, F_SETFL, O_NONBLOCK)
    _ = fcntl(open[2].rawValue, F_SETFL, O_NONBLOCK)

    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, open[1].rawValue, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, open[3].rawValue, STDERR_FILENO)
    // The tool ends when nobody reads on, whatever this process does about signals.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    // `--` keeps a name that starts with a dash from being read as an option.
    let words: [String] = [tool, "-dc", "--", path]
    let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = 0
    let result = posix_spawnp(&process, tool, &actions, &attributes, arguments, environ)
    guard result == 0 else { return fail(Errno(rawValue: result)) }
    try? open[1].close()
    try? open[3].close()
    return .success(Child(process: process, output: open[0], messages: open[2]))
  }
}
