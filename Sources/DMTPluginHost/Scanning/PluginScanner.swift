internal import CDMTPlugin
internal import DMTBridge
public import DMTCore
internal import FoundationEssentials
internal import Glibc

/// Finds out what a library is without running any of its code in this process.
///
/// A child process opens it, reads its descriptor and schemas, and answers; a library that crashes or hangs takes the
/// child with it and nothing else.
public struct PluginScanner: Sendable {
  /// The program that is started as the child; it calls ``runChild(arguments:)`` first thing.
  public var executable: String
  /// Time that a child has; it gets it a second time before it counts as hung.
  public var limitMilliseconds: Int

  public init(executable: String = PluginSearchPath.executablePath, limitMilliseconds: Int = 2000) {
    self.executable = executable
    self.limitMilliseconds = limitMilliseconds
  }

  /// The child's work when `arguments` (the program's, its name first) ask for it; nil when they do not.
  ///
  /// To be called before anything else: `if let code = PluginScanner.runChild(arguments: CommandLine.arguments) { exit(code) }`
  public static func runChild(arguments: [String]) -> Int32? {
    guard arguments.count == 3, arguments[1] == ScanChild.command else { return nil }
    return ScanChild.run(library: arguments[2])
  }

  /// Scans a library.
  ///
  /// - Throws: ``DMTError/Code/io`` when no child can be started; everything about the plugin is in the result.
  public func scan(library: String) throws(DMTError) -> ScanResult {
    let headers: ELFFile
    do throws(DMTError) {
      headers = try Self.headers(of: library)
    } catch {
      return .refused(error.message, remedy: error.remedy, phase: "read")
    }
    guard headers.isForThisMachine else {
      return .refused(
        "\(library) is for \(headers.machine), this machine is \(Toolchain.target)",
        remedy: "build the plugin on this kind of machine", phase: "read")
    }
    var result = try runOnce(library, limitMilliseconds)
    // A loaded machine can hold up a good plugin; a second, longer try costs only those that do hang.
    if result.status == .hung { result = try runOnce(library, 2 * limitMilliseconds) }
    if let report = result.report, let mismatch = Self.compilerMismatch(report.descriptor, headers) { return mismatch }
    return result
  }

  /// A library's ELF headers.
  static func headers(of library: String) throws(DMTError) -> ELFFile {
    guard let bytes = FileManager.default.contents(atPath: library) else {
      throw DMTError(.pluginRefused, "\(library) cannot be read: \(String(cString: strerror(errno)))")
    }
    return try ELFFile(bytes, path: library)
  }

  private func runOnce(_ library: String, _ limit: Int) throws(DMTError) -> ScanResult {
    // Without its own handler a Swift crash ends by its signal, at once.
    var environment = ProcessInfo.processInfo.environment
    environment["SWIFT_BACKTRACE"] = "enable=no"
    var child = try ChildProcess(
      executable: executable, arguments: [ScanChild.command, library],
      environment: environment.map { "\($0.key)=\($0.value)" }, limitMilliseconds: limit)
    let outcome = child.wait()
    // No phase at all: the child never reached the plugin, so this is no verdict on it.
    guard outcome.output.starts(with: Array("phase ".utf8)) else {
      throw DMTError(
        .io,
        "the scanner \(executable) did not answer (exit code \(outcome.exitCode), signal \(outcome.signal)"
          + "\(outcome.timedOut ? ", killed after \(limit) ms" : "")): "
          + String(decoding: outcome.errorTail, as: UTF8.self),
        place: DMTError.Place(plugin: library, phase: "scan"))
    }
    return Self.interpret(outcome, limit: limit)
  }

  private static func interpret(_ outcome: ChildProcess.Outcome, limit: Int) -> ScanResult {
    var phase = "open"
    for line in outcome.output.split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: line, as: UTF8.self)
      if text.hasPrefix("phase ") { phase = String(text.dropFirst(6)) }
      if text.hasPrefix("result "),
        let result = try? JSONDecoder().decode(ScanResult.self, from: Data(text.dropFirst(7).utf8))
      {
        return result
      }
    }
    let tail = String(decoding: outcome.errorTail, as: UTF8.self)
    let printed = tail.isEmpty ? nil : tail
    if outcome.timedOut {
      return ScanResult(
        status: .hung, reason: "it did not finish \(phase) within \(limit) ms and was killed",
        remedy: "entry and initialize must not wait; retried when the file changes, or with --rescan", phase: phase,
        errorTail: printed)
    }
    if outcome.signal != 0 {
      let name = signalName(outcome.signal)
      return ScanResult(
        status: .crashed,
        reason: "it crashed in \(phase) (\(name))"
          + (outcome.signal == SIGILL ? ": a trap, or code for a CPU that this machine does not have" : ""),
        remedy: "retried when the file changes, or with --rescan", phase: phase, signal: name, errorTail: printed)
    }
    return ScanResult(
      status: .crashed, reason: "it ended the process in \(phase) with status \(outcome.exitCode)",
      remedy: "a plugin must not call exit; retried when the file changes, or with --rescan", phase: phase,
      errorTail: printed)
  }

  private static func compilerMismatch(_ descriptor: PluginDescriptor, _ headers: ELFFile) -> ScanResult? {
    guard !Toolchain.mayShareRuntime(descriptor.compiler),
      headers.needed.contains(where: { $0.hasPrefix("libswiftCore.so") })
    else { return nil }
    return .refused(
      "it was compiled by \(descriptor.compiler) and would share the Swift runtime of this host, which was compiled by "
        + Toolchain.compiler,
      remedy: "rebuild it with the host's compiler, or give it a runtime of its own (-Xswiftc -static-stdlib)",
      phase: "descriptor")
  }
}

/// `SIGSEGV` for 11.
package func signalName(_ signal: Int32) -> String {
  switch signal {
  case SIGSEGV: "SIGSEGV"
  case SIGABRT: "SIGABRT"
  case SIGILL: "SIGILL"
  case SIGBUS: "SIGBUS"
  case SIGFPE: "SIGFPE"
  case SIGTRAP: "SIGTRAP"
  case SIGKILL: "SIGKILL"
  default: "signal \(signal)"
  }
}
