import DMTCore
import DMTSafetensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The run's log: one JSON object a line, for every step and every evaluation, written as it happens.
///
/// | event | keys besides `event` and `step` (steps done) |
/// |---|---|
/// | step | `epoch`, `loss` (mean of the batch), `lr_scale`, `samples`, `ms` (since the run or its resumption began) |
/// | evaluation | `epoch`, `set`, `auc`, `logloss`, `ne`, `calibration`, `examples`, `gauc` where it was asked for |
/// | checkpoint | `path` |
/// | start, resume, end | `end` has `reason` |
///
/// While the log is open it holds a lock on the file, so that two processes cannot continue one run at once; the system
/// releases it when the process ends, however it ends.
final class RunLog {
  private let path: String
  private let descriptor: Int32
  private var line = JSONLine()

  /// Opens the log at `path`, which is created when it is missing.
  ///
  /// - Parameter keepingSteps: lines of later steps, and a last line that was cut off, are removed first; nil empties the
  ///   log.
  /// - Throws: ``DMTError/Code/io``; ``DMTError/Code/alreadyExists`` when another process has the log open.
  init(path: String, keepingSteps last: Int?) throws(DMTError) {
    self.path = path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure("open", path, errno) }
    do throws(DMTError) {
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let number = errno
        throw number == EWOULDBLOCK
          ? DMTError(
            .alreadyExists, "another process is training in this run folder", place: .init(file: path),
            remedy: "wait for it to end, or stop it")
          : Self.failure("lock", path, number)
      }
      let end = try last.map { (last) throws(DMTError) in try Self.end(ofStepsUpTo: last, in: descriptor, path: path) }
      guard ftruncate(descriptor, off_t(end ?? 0)) == 0 else { throw Self.failure("cut", path, errno) }
      guard lseek(descriptor, 0, SEEK_END) >= 0 else { throw Self.failure("position", path, errno) }
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Writes one line at once.
  ///
  /// - Parameter step: steps done, the key by which a resumed run finds the lines to keep.
  func write(_ event: StaticString, step: Int, _ fill: (inout JSONLine) -> Void = { _ in }) throws(DMTError) {
    line.begin(event)
    line.add("step", step)
    fill(&line)
    line.end()
    let number = line.bytes.withUnsafeBytes { SystemCalls.writeAll($0, to: descriptor) }
    guard number == 0 else { throw Self.failure("write", path, number) }
  }

  /// The number of bytes up to and with the last whole line whose step is at most `last`.
  private static func end(ofStepsUpTo last: Int, in descriptor: Int32, path: String) throws(DMTError) -> Int {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var line: [UInt8] = []
    var end = 0
    while true {
      let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure("read", path, errno)
      }
      // Steps only grow, so the first line of a later step ends the search; so does the end of the file.
      if count == 0 { return end }
      for byte in chunk[0..<count] {
        line.append(byte)
        guard byte == UInt8(ascii: "\n") else { continue }
        guard let step = step(of: line), step <= last else { return end }
        end += line.count
        line.removeAll(keepingCapacity: true)
      }
    }
  }

  /// The number after the first `"step":` of a line; a quote inside a text is escaped, so no text can hold the key.
  static func step(of line: [UInt8]) -> Int? {
    let key = Array("\"step\":".utf8)
    guard line.count > key.count, line.first == UInt8(ascii: "{") else { return nil }
    for start in 0..<line.count - key.count
    where line[start] == key[0] && line[start..<start + key.count].elementsEqual(key) {
      let digits = line[(start + key.count)...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      return Int(String(decoding: digits, as: UTF8.self))
    }
    return nil
  }

  private static func failure(_ action: String, _ path: String, _ number: Int32) -> DMTError {
    DMTError(.io, "cannot \(action) the log: \(SystemCalls.message(number))", place: .init(file: path))
  }
}
