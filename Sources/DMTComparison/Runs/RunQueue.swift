public import DMTCore
public import DMTTraining
import Foundation

/// Trains the runs of a comparison that are not finished, several at once, each in a process of its own.
///
/// Runs know nothing of each other, so their results do not depend on how many run at once.
public struct RunQueue {
  /// How a run is started.
  public struct Launch: Sendable {
    /// The program, `dmt`.
    public var executable: String
    /// Options of `dmt train` for a run that begins.
    public var beginning: [String]
    /// Options of `dmt train` for every run.
    public var always: [String]

    public init(executable: String, beginning: [String], always: [String]) {
      self.executable = executable
      self.beginning = beginning
      self.always = always
    }
  }

  /// What happens while the runs are trained.
  public enum Event {
    /// A run finished; seconds of this call.
    case finished(PlannedRun, RunRecord.Outcome, seconds: Double)
    /// A run failed.
    case failed(PlannedRun, DMTError)
  }

  private let launch: Launch
  private let jobs: Int
  private let shouldStop: () -> Bool

  /// - Parameters:
  ///   - jobs: runs at once, at least 1.
  ///   - shouldStop: asked all the time; true stops the runs under way, each with a checkpoint, and starts no other.
  public init(_ launch: Launch, jobs: Int, shouldStop: @escaping () -> Bool = { InterruptFlag.isRaised }) {
    self.launch = launch
    self.jobs = max(1, jobs)
    self.shouldStop = shouldStop
  }

  /// Trains `runs` in their order; one that fails keeps no other from being trained.
  ///
  /// - Returns: the error of each run that failed, by its number in `runs`.
  /// - Throws: ``DMTError/Code/cancelled`` when it was stopped.
  public func train(_ runs: [PlannedRun], report: (Event) -> Void) throws(DMTError) -> [Int: DMTError] {
    var failures: [Int: DMTError] = [:]
    var active: [(index: Int, process: TrainingProcess, since: ContinuousClock.Instant)] = []
    var next = 0
    var isStopping = false
    func fail(_ index: Int, _ error: DMTError) {
      failures[index] = error
      report(.failed(runs[index], error))
    }
    while true {
      if !isStopping, shouldStop() {
        isStopping = true
        for run in active { run.process.stop() }
      }
      while !isStopping, active.count < jobs, next < runs.count {
        do throws(DMTError) {
          active.append((next, try start(runs[next]), .now))
        } catch {
          fail(next, error)
        }
        next += 1
      }
      if active.isEmpty { break }
      active.removeAll { index, process, since in
        guard let end = process.end() else { return false }
        // Whatever a run that was told to stop ends with, the next call goes on with it.
        if isStopping, end != .exit(0) { return true }
        let (seconds, attoseconds) = (ContinuousClock.now - since).components
        do throws(DMTError) {
          let outcome = try outcome(of: runs[index], end: end)
          report(.finished(runs[index], outcome, seconds: Double(seconds) + 1e-18 * Double(attoseconds)))
        } catch {
          fail(index, error)
        }
        return true
      }
      // Trainings last seconds to hours.
      usleep(10_000)
    }
    guard !isStopping else { throw DMTError(.cancelled, "the comparison was interrupted") }
    return failures
  }

  private func start(_ run: PlannedRun) throws(DMTError) -> TrainingProcess {
    var arguments = ["train"] + launch.always
    var lastly: [String] = []
    switch try run.state() {
    case .new:
      // What a training that was killed while it made the folder has left is replaced.
      arguments += ["--out", run.folder.path, "--seed", String(run.seed), "--replace"] + launch.beginning
      lastly = ["--", run.manifestPath]
    case .unfinished, .finished: arguments += ["--resume", run.folder.path]
    }
    do {
      try FileManager.default.createDirectory(
        atPath: (run.outputPath as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    } catch {
      throw DMTError(
        .io, "cannot make the folder for a run: \((error as NSError).localizedDescription)",
        place: .init(file: run.folder.path), remedy: "name another folder with --out")
    }
    return try TrainingProcess(
      executable: launch.executable, arguments: arguments + lastly, output: run.outputPath)
  }

  private func outcome(of run: PlannedRun, end: TrainingProcess.End) throws(DMTError) -> RunRecord.Outcome {
    let how: String
    switch end {
    case .exit(0):
      if case .finished(_, let outcome) = try run.state() { return outcome }
      how = "the training ended before its last step"
    case .exit(let code): how = "the training ended with exit code \(code)"
    case .signal(let number): how = "signal \(number) ended the training"
    }
    var code = DMTError.Code.internalError
    if case .exit(let number) = end { code = Self.code(of: number) }
    let tail = Self.tail(of: run.outputPath)
    throw DMTError(
      code, how + (tail.isEmpty ? "" : ":\n" + tail.map { "  | " + $0 }.joined(separator: "\n")),
      place: .init(file: run.folder.path),
      remedy: "the same command tries again; \(run.outputPath) has all that the training printed")
  }

  /// An error whose exit code is the child's, where there is one.
  private static func code(of exit: Int32) -> DMTError.Code {
    let codes: [DMTError.Code] = [
      .invalidArgument, .invalidData, .notFound, .unsupported, .io, .invalidManifest, .cancelled,
    ]
    return codes.first { $0.exitCode == exit } ?? .internalError
  }

  /// The last lines of a file.
  private static func tail(of path: String) -> [String] {
    guard let file = FileHandle(forReadingAtPath: path) else { return [] }
    defer { try? file.close() }
    let end = (try? file.seekToEnd()) ?? 0
    try? file.seek(toOffset: end > 4096 ? end - 4096 : 0)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).suffix(8).map(String.init)
  }
}
