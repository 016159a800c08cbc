import DMTCore
import Dispatch
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A compressed file, streamed through the system's tool (`xz -dc FILE`).
///
/// The tool writes into a pipe that the reading thread empties, so decompression runs beside parsing and nothing is
/// held whole in memory.
final class DecompressedSource: ByteSource {
  /// What became of the tool.
  private enum Outcome: Sendable {
    case ended(TerminationStatus, message: String)
    case notStarted(isMissing: Bool, message: String)
  }

  /// Runs the tool's asynchronous side on Dispatch's threads: the reader blocks its own thread, which may be one of the
  /// few of Swift's pool, and must not wait there for work that needs that very pool.
  private final class DispatchExecutor: TaskExecutor {
    static let shared = DispatchExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
      let unowned = UnownedJob(job)
      DispatchQueue.global().async { unowned.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }

  /// Hands the outcome from the tool's task to the reader.
  private final class Mailbox: Sendable {
    private let outcome = Mutex<Outcome?>(nil)
    private let arrived = DispatchSemaphore(value: 0)

    func put(_ value: Outcome) {
      outcome.withLock { $0 = value }
      arrived.signal()
    }

    func wait() -> Outcome? {
      arrived.wait()
      arrived.signal()
      return outcome.withLock { $0 }
    }
  }

  private let path: String
  private let tool: InputFile.Tool
  private let reading: FileDescriptor
  private let mailbox = Mailbox()

  init(path: String, tool: InputFile.Tool) throws(DMTError) {
    self.path = path
    self.tool = tool
    let writing: FileDescriptor
    do {
      (reading, writing) = try FileDescriptor.pipe()
    } catch {
      throw DMTError(.io, "no pipe to \(tool.name) could be made: \(error)", place: .init(file: path))
    }
    // A child that inherited an end would keep the pipe open.
    for end in [reading, writing] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    let mailbox = mailbox
    Task(executorPreference: DispatchExecutor.shared) {
      do {
        // `--` keeps a name that starts with a dash from being read as an option.
        let result = try await Subprocess.run(
          .name(tool.name), arguments: ["-dc", "--", path],
          output: .fileDescriptor(writing, closeAfterSpawningProcess: true), error: .string(limit: 1 << 16))
        mailbox.put(.ended(result.terminationStatus, message: result.standardError))
      } catch let error as SubprocessError {
        mailbox.put(.notStarted(isMissing: error.code == .executableNotFound, message: "\(error)"))
      } catch {
        mailbox.put(.notStarted(isMissing: false, message: "\(error)"))
      }
    }
  }

  // A tool that still writes ends with SIGPIPE.
  deinit { try? reading.close() }

  func read(into memory: UnsafeMutableRawBufferPointer) throws(DMTError) -> Int {
    let count: Int
    do {
      count = try reading.read(into: memory)
    } catch {
      throw DMTError(.io, "reading from \(tool.name) failed: \(error)", place: .init(file: path))
    }
    if count == 0 { try checkOutcome() }
    return count
  }

  private func checkOutcome() throws(DMTError) {
    switch mailbox.wait() {
    case .ended(let status, _) where status.isSuccess: return
    case .ended(let status, let message):
      let said = message.split(whereSeparator: \.isNewline).joined(separator: "; ")
      throw DMTError(
        .invalidData, "\(tool.name) could not unpack the file (\(status)): \(said.isEmpty ? "no message" : said)",
        place: .init(file: path), remedy: "the file is truncated or damaged; fetch it again")
    case .notStarted(isMissing: true, _):
      throw DMTError(
        .unsupported, "the file is compressed and the command '\(tool.name)' is not installed",
        place: .init(file: path),
        remedy: "install it (Debian, Ubuntu: apt-get install \(tool.package)) or unpack the file")
    case .notStarted(_, let message):
      throw DMTError(.io, "\(tool.name) could not be started: \(message)", place: .init(file: path))
    case nil:
      throw DMTError(.internalError, "\(tool.name) ended without an outcome", place: .init(file: path))
    }
  }
}
