internal import CDMTHostShims
internal import Foundation
internal import Glibc

/// What a plugin must leave as it is, read from the process.
struct ProcessState {
  /// Threads of the process.
  static var threads: Int { names(in: "/proc/self/task").count }

  /// Open descriptors.
  static var descriptors: Set<String> {
    var found = names(in: "/proc/self/fd")
    // The folder itself was open while it was read.
    found = found.filter { fcntl(Int32($0) ?? -1, F_GETFD) >= 0 }
    return Set(found)
  }

  private static func names(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }

  private let signals: [String]
  private let locale: String
  private let folder: String
  private let environment: [String: String]
  private let fileMask: mode_t

  /// The process as it is now.
  init() {
    var lines = ["the mask: " + Self.blockedSignals]
    for number in 1...31 where number != SIGKILL && number != SIGSTOP {
      var action = sigaction()
      sigaction(Int32(number), nil, &action)
      let handler = unsafeBitCast(action.__sigaction_handler, to: UInt.self)
      lines.append("the handler of signal \(number): \(handler)")
    }
    signals = lines
    locale = setlocale(LC_ALL, nil).map { String(cString: $0) } ?? ""
    folder = FileManager.default.currentDirectoryPath
    environment = ProcessInfo.processInfo.environment
    fileMask = umask(0)
    umask(fileMask)
  }

  private static var blockedSignals: String {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return (1...64).filter { sigismember(&mask, Int32($0)) == 1 }.map(String.init).joined(separator: ",")
  }

  /// Signals that are handled or blocked otherwise than before; nil: none.
  func signalChange(since before: ProcessState) -> String? {
    zip(before.signals, signals).first { $0 != $1 }.map { "\($0) before, \($1) after" }
  }

  /// What else is not as before; nil: nothing.
  func change(since before: ProcessState) -> String? {
    if locale != before.locale { return "the locale is '\(locale)', it was '\(before.locale)'" }
    if folder != before.folder { return "the working folder is \(folder), it was \(before.folder)" }
    if fileMask != before.fileMask { return "the file mask is \(fileMask), it was \(before.fileMask)" }
    for (name, value) in environment.sorted(by: { $0.key < $1.key }) where before.environment[name] != value {
      return "the environment has \(name)=\(value), it had \(before.environment[name] ?? "no such variable")"
    }
    if let lost = before.environment.keys.first(where: { environment[$0] == nil }) {
      return "the environment has lost \(lost)"
    }
    return nil
  }

  /// Runs `body` and gives back what it wrote to standard output and standard error.
  static func output(of body: () throws -> Void) throws -> String {
    guard let file = tmpfile() else { throw POSIXError(.EIO) }
    defer { fclose(file) }
    fflush(nil)
    let kept = [dup(1), dup(2)]
    dup2(fileno(file), 1)
    dup2(fileno(file), 2)
    defer { kept.forEach { close($0) } }
    let result = Result { try body() }
    fflush(nil)
    dup2(kept[0], 1)
    dup2(kept[1], 2)
    try result.get()
    rewind(file)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Nanoseconds that this thread waited for a CPU, which a busy machine adds to every clock.
  static var waitedNanoseconds: Int64 {
    let words = (try? String(contentsOfFile: "/proc/thread-self/schedstat", encoding: .utf8))?.split(separator: " ")
    guard let words, words.count >= 2 else { return 0 }
    return Int64(words[1]) ?? 0
  }
}
