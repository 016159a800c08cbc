import ArgumentParser
import DMTCore
import Foundation

/// Where the command line writes: results to standard output, everything else to standard error.
enum Console {
  /// Standard error is a terminal: progress may be drawn there.
  static let isInteractive = isatty(2) == 1

  /// A line of a result; the process ends with exit code 74 when it cannot be written.
  static func print(_ text: String) {
    let problem = write(text + "\n", to: 1)
    // A reader that has gone away (`dmt .. | head`) is no error of ours.
    guard problem != 0, problem != EPIPE else { return }
    let error = DMTError(
      .io, "cannot write the result: \(String(cString: strerror(problem)))", place: .init(file: "standard output"),
      remedy: "make room, or send it elsewhere")
    note(error.description)
    exit(error.code.exitCode)
  }

  /// A line of a message.
  static func note(_ text: String) {
    _ = write(text + "\n", to: 2)
  }

  /// A line of progress, for a person at a terminal.
  static func progress(_ text: String) {
    if isInteractive { note(text) }
  }

  /// Runs a command's work; an error is printed with its remedy and becomes the exit code.
  static func reporting(_ work: () throws -> Void) throws {
    do {
      try work()
    } catch let error as DMTError {
      note(error.description)
      throw ExitCode(error.code.exitCode)
    }
  }

  /// `value` as JSON with sorted keys.
  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Writes all of `text`; the system's error number, or 0.
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
  }
}
