import Foundation
import Testing

/// The built `dmt`, as a user's shell starts it.
enum Command {
  /// How a run of the command ended and what it printed.
  struct Result: CustomStringConvertible {
    /// The exit code; the signal's number, negative, when a signal ended it.
    var status: Int32
    var output: String
    var errors: String

    var lines: [Substring] { output.split(separator: "\n") }
    var description: String { "status \(status)\n--- output\n\(output)\n--- errors\n\(errors)" }

    /// Standard output as a JSON object.
    func json() throws -> [String: Any] {
      try #require(
        try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "\(self) is no JSON object")
    }
  }

  /// The repository's root.
  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// `DMT_TEST_COMMAND`, else the `dmt` that lies beside the tests in the build folder.
  static func path() throws -> String {
    if let stated = ProcessInfo.processInfo.environment["DMT_TEST_COMMAND"], !stated.isEmpty { return stated }
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var folder = URL(filePath: tests).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.path + "/dmt"
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue,
        FileManager.default.isExecutableFile(atPath: candidate)
      {
        return candidate
      }
      folder.deleteLastPathComponent()
    }
    throw Missing()
  }

  /// There is no `dmt` beside the tests.
  struct Missing: Error, CustomStringConvertible {
    var description: String { "no dmt beside the tests: swift build --product dmt" }
  }

  /// Runs `dmt` in the workspace and waits for its end.
  static func run(
    _ arguments: [String], in workspace: Workspace, environment: [String: String] = [:]
  ) throws -> Result {
    try start(arguments, in: workspace, environment: environment).wait()
  }

  /// Starts `dmt` in the workspace.
  static func start(
    _ arguments: [String], in workspace: Workspace, environment: [String: String] = [:]
  ) throws -> Running {
    try Running(executable: try path(), arguments, in: workspace, environment: environment)
  }

  /// Runs a line of shell, in which `dmt` is the command under test.
  static func shell(_ line: String, in workspace: Workspace) throws -> Result {
    let program = "dmt() { '\(try path())' \"$@\"; }; DMT='\(try path())'; " + line
    return try Running(executable: "/bin/bash", ["-c", program], in: workspace, environment: [:]).wait()
  }
}

/// A process under way; its output goes to files, so that it never waits for a reader.
final class Running {
  private let process = Process()
  private let output: URL
  private let errors: URL

  var identifier: pid_t { process.processIdentifier }
  var isRunning: Bool { process.isRunning }

  init(
    executable: String, _ arguments: [String], in workspace: Workspace, environment: [String: String]
  ) throws {
    let name = UUID().uuidString
    output = URL(filePath: workspace.path + "/.\(name).out")
    errors = URL(filePath: workspace.path + "/.\(name).err")
    for file in [output, errors] { try Data().write(to: file) }
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: workspace.path)
    // The reference kernels are there in every build, and the user's own plugins and caches stay out of it.
    var inherited = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("DMT_") && !$0.key.hasPrefix("XDG_")
    }
    inherited["HOME"] = workspace.path
    inherited["DMT_BACKEND"] = "reference"
    process.environment = inherited.merging(environment) { _, stated in stated }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// What it has printed so far, standard error last.
  func printed() throws -> String {
    try String(contentsOf: output, encoding: .utf8) + String(contentsOf: errors, encoding: .utf8)
  }

  /// Waits for its end; a process that takes longer than two minutes is ended and is a failure.
  func wait() throws -> Command.Result {
    let limit = Date(timeIntervalSinceNow: 120)
    while process.isRunning, Date() < limit { usleep(2000) }
    if process.isRunning {
      send(SIGKILL)
      process.waitUntilExit()
      Issue.record("dmt \(process.arguments ?? []) did not end within two minutes: \(try printed())")
    }
    process.waitUntilExit()
    return Command.Result(
      status: process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }
}
