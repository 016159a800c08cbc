import ArgumentParser
import DMTCore
import Foundation

/// Where the command line writes: results to standard output, everything else to standard error.
enum Console {
  /// Standard error is a terminal: progress may be drawn there.
  static let isInteractive = isatty(2) == 1

  /// A line of a result.
  static func print(_ text: String) {
    write(text + "\n", to: .standardOutput)
  }

  /// A line of a message.
  static func note(_ text: String) {
    write(text + "\n", to: .standardError)
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

  private static func write(_ text: String, to handle: FileHandle) {
    // A reader that has gone away (`dmt .. | head`) is no error of ours.
    try? handle.write(contentsOf: Data(text.utf8))
  }
}
