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
  /// CPU time that a child has, and time in which it may do nothing; it gets both a second time before it counts as hung.
  public var limitMilliseconds: Int

  public init(executable: String = PluginSearchPath.executablePath, limitMilliseconds: Int = 2000) {
    self.executable = executable
    self.limitMilliseconds = limitMilliseconds
  }

  /// The child's work when `arguments` (the program's, its name first) ask for it; nil when they do not.
  ///
  /// To be called before anything else: `if let code = PluginScanner.runChild(arguments: CommandLine.arguments) { exit(code) }`
  public static func runChild(arguments: [String]) -> Int32? {
    guard arguments.count >= 4, arguments[1] == ScanChild.command else { return nil }
    return ScanChild.run(Array(arguments[2...]))
  }

  /// Scans a library, whoever made it.
  ///
  /// - Throws: ``DMTError/Code/io`` when no child can be started; everything about the plugin is in the result.
  public func scan(library: String) throws(DMTError) -> ScanResult {
    let libraries: PluginLibraries
    do throws(DMTError) {
      libraries = try PluginLibraries(try OpenedLibrary(library), policy: TrustPolicy())
    } catch {
      return .refused(error.message, remedy: error.remedy, phase: "read")
    }
    return try scan(libraries)
  }

  /// Scans what was opened and checked: the child gets these very descriptors.
  func scan(_ libraries: PluginLibraries) throws(DMTError) -> ScanResult {
    let library = libraries.main
    let headers: ELFFile
    do throws(DMTError) {
      headers = try library.headers(withSymbols: true)
    } catch {
      return .refused(error.message, remedy: error.remedy, phase: "read")
    }
    guard headers.isForThisMachine else {
      return .refused(
        "\(library.path) is for \(headers.machine), this machine is \(Toolchain.target)",
        remedy: "build the plugin on this kind of machine", phase: "read")
    }
    let runtime = SwiftRuntimeUse(headers)
    // Before any of its code runs: it might crash, and say nothing of why.
    if let mismatch = runtime.mismatch(compilers: headers.compilers) { return mismatch }
    var result = try runOnce(libraries, limitMilliseconds)
    // A second, longer try costs only those that do hang.
    if result.status == .hung { result = try runOnce(libraries, 2 * limitMilliseconds) }
    if let descriptor = result.report?.descriptor, let mismatch = runtime.mismatch(stated: descriptor.compiler) {
      return mismatch
    }
    return result
  }

  private func runOnce(_ libraries: PluginLibraries, _ limit: Int) throws(DMTError) -> ScanResult {
    // Without its own handler a Swift crash ends by its signal, at once.
    var environment = ProcessInfo.processInfo.environment
    environment["SWIFT_BACKTRACE"] = "enable=no"
    var child = try ChildProcess(
      executable: executable,
      arguments: [ScanChild.command] + libraries.all.flatMap { [String($0.descriptor), $0.path] },
      environment: environment.map { "\($0.key)=\($0.value)" }, limitMilliseconds: limit,
      inherited: libraries.all.map(\.descriptor))
    let outcome = child.wait()
    // No phase at all: the child never reached the plugin, so this is no verdict on it.
    guard outcome.output.starts(with: Array("phase ".utf8)) else {
      throw DMTError(
        .io,
        "the scanner \(executable) did not answer (exit code \(outcome.exitCode), signal \(outcome.signal)"
          + "\(outcome.timedOut ? ", it did not answer \(outcome.limit) and was killed" : "")): "
          + String(decoding: outcome.errorTail, as: UTF8.self),
        place: DMTError.Place(plugin: libraries.main.path, phase: "scan"))
    }
    return Self.interpret(outcome)
  }

  private static func interpret(_ outcome: ChildProcess.Outcome) -> ScanResult {
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
        status: .hung, reason: "it did not finish \(phase) \(outcome.limit) and was killed",
        remedy: "entry and initialize must not wait; \(Self.retry)", phase: phase,
        errorTail: printed)
    }
    if outcome.signal != 0 {
      let name = signalName(outcome.signal)
      return ScanResult(
        status: .crashed,
        reason: "it crashed in \(phase) (\(name))"
          + (outcome.signal == SIGILL ? ": a trap, or code for a CPU that this machine does not have" : ""),
        remedy: "\(Self.retry)", phase: phase, signal: name, errorTail: printed)
    }
    return ScanResult(
      status: .crashed, reason: "it ended the process in \(phase) with status \(outcome.exitCode)",
      remedy: "a plugin must not call exit; \(Self.retry)", phase: phase,
      errorTail: printed)
  }

  /// When a quarantined plugin runs again.
  private static let retry =
    "it is tried again when the file or a library that it needs changes, or after `dmt plugin quarantine clear`"
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
