package import DMTCore
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
/// | step | `epoch`, `batch` (both from 1), `loss` (mean of the batch), `lr`, `table_lr`, `samples`, `samples_per_second`, `ms` (since the process began to train) |
/// | evaluation | `epoch` (epochs done), `set`, `auc`, `logloss`, `ne`, `calibration`, `examples`, `gauc` where it was asked for |
/// | checkpoint | `path` |
/// | start, resume, end | `end` has `reason` |
///
/// While the log is open it holds a lock on the file, so that two processes cannot continue one run at once; the system
/// releases it when the process ends, however it ends.
package final class RunLog {
  private let path: String
  private let descriptor: Int32
  private var line = JSONLine()

  /// Opens the log at `path`, which is created when it is missing.
  ///
  /// - Parameters:
  ///   - keepingSteps: lines of later steps, and a last line that was cut off, are removed first; nil empties the log.
  ///   - evaluationsTo: evaluations on valid at later steps, and all on test, are removed with what follows them: a run that
  ///     continues makes them again.
  /// - Throws: ``DMTError/Code/io``; ``DMTError/Code/alreadyExists`` when another process has the log open.
  package init(path: String, keepingSteps last: Int?, evaluationsTo lastEvaluation: Int = .max) throws(DMTError) {
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
      let end = try last.map { (last) throws(DMTError) in
        try Self.end(ofStepsUpTo: last, evaluationsTo: lastEvaluation, in: descriptor, path: path)
      }
      guard ftruncate(descriptor, off_t(end ?? 0)) == 0 else { throw Self.failure("cut", path, errno) }
      guard lseek(descriptor, 0, SEEK_END) >= 0 else { throw Self.failure("position", path, errno) }
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  deinit {
    // A process that is being started at this moment holds a copy of the descriptor, and with it the lock, until it runs.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// Writes one line at once.
  ///
  /// - Parameter step: steps done, the key by which a resumed run finds the lines to keep.
  package func write(_ event: StaticString, step: Int, _ fill: (inout JSONLine) -> Void = { _ in }) throws(DMTError) {
    line.begin(event)
    line.add("step", step)
    fill(&line)
    line.end()
    let number = line.bytes.withUnsafeBytes { SystemCalls.writeAll($0, to: descriptor) }
    guard number == 0 else { throw Self.failure("write", path, number) }
  }

  /// The number of bytes up to and with the last whole line before the first one that is to go.
  private static func end(
    ofStepsUpTo last: Int, evaluationsTo lastEvaluation: Int, in descriptor: Int32, path: String
  ) throws(DMTError) -> Int {
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
        if line.starts(with: evaluationStart), step > lastEvaluation || contains(line, testSet) { return end }
        end += line.count
        line.removeAll(keepingCapacity: true)
      }
    }
  }

  private static let stepKey = Array("\"step\":".utf8)
  private static let evaluationStart = Array("{\"event\":\"evaluation\"".utf8)
  private static let testSet = Array("\"set\":\"test\"".utf8)

  /// The number after the first `"step":` of a line; a quote inside a text is escaped, so no text can hold the key.
  static func step(of line: [UInt8]) -> Int? {
    guard line.first == UInt8(ascii: "{"), let end = end(of: stepKey, in: line) else { return nil }
    let digits = line[end...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return Int(String(decoding: digits, as: UTF8.self))
  }

  private static func contains(_ line: [UInt8], _ text: [UInt8]) -> Bool { end(of: text, in: line) != nil }

  /// Where the first occurrence of `text` ends.
  private static func end(of text: [UInt8], in line: [UInt8]) -> Int? {
    guard line.count > text.count else { return nil }
    for start in 0..<line.count - text.count
    where line[start] == text[0] && line[start..<start + text.count].elementsEqual(text) { return start + text.count }
    return nil
  }

  private static func failure(_ action: String, _ path: String, _ number: Int32) -> DMTError {
    DMTError(.io, "cannot \(action) the log: \(SystemCalls.message(number))", place: .init(file: path))
  }
}
