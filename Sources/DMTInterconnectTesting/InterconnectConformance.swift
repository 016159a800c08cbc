public import CDMTPlugin
public import DMTCore
import DMTPluginHost
import Glibc
import Logging
import Synchronization

/// What every interconnect has to do, as trials that any test framework can run.
///
/// An embedded interconnect is tried in the process of the test:
///
/// ```swift
/// let engine = try InterconnectConformance.interconnect(dmt_plugin_entry())
///
/// @Test(arguments: InterconnectConformance.trials)
/// func conforms(_ trial: InterconnectTrial) throws {
///   #expect(try InterconnectConformance.run(trial, on: engine, rankCount: 5) == [])
/// }
/// ```
///
/// A launched one is tried by a small program that ends with ``main(_:settings:)``.
public enum InterconnectConformance {
  /// All trials.
  public static let trials =
    MovingTrials.all + ReducingTrials.all + OverlapTrials.all + FailureTrials.all

  /// The first interconnect of a plugin, through its C tables.
  ///
  /// - Parameter entry: what the plugin's `dmt_plugin_entry` returns.
  public static func interconnect(_ entry: UnsafePointer<dmt_plugin>?) throws(DMTError) -> any Interconnect {
    let services = HostServices(pool: try ThreadPool(threads: 1), logger: Logger(label: "conformance"))
    let plugin = try LoadedPlugin(entry: entry, services: services)
    guard let found = plugin.interconnects.first else {
      throw DMTError(.notFound, "plugin '\(plugin.id)' has no interconnect")
    }
    return found
  }

  // MARK: Embedded

  /// Runs a trial in a world of its own, a thread for every rank.
  ///
  /// - Returns: what was wrong, a sentence each.
  public static func run(
    _ trial: InterconnectTrial, on interconnect: any Interconnect, rankCount: Int,
    settings: TrialSettings = TrialSettings()
  ) throws(DMTError) -> [String] {
    let world = try interconnect.openWorld(
      rankCount: rankCount, timeoutMilliseconds: settings.timeoutMilliseconds)
    guard world.rankCount == rankCount, world.ownRank == nil else {
      return ["a world of \(world.rankCount) ranks in which this process is rank \(world.ownRank ?? -1)"]
    }
    let crew = Crew { rank in
      do throws(DMTError) {
        let connection = try world.connect(rank: rank)
        let failures = trial.run(on: connection, world: world, settings: settings)
        // A rank that leaves early is missed in another way than one that stays and does nothing.
        return (failures, connection)
      } catch {
        return (["rank \(rank): connecting threw \(error.message)"], nil)
      }
    }
    return crew.run(rankCount)
  }

  // MARK: Launched

  /// Runs trials as one rank that a launcher started, and prints what was wrong to standard error.
  ///
  /// - Parameter arguments: the program's own: nothing runs all trials that leave the world whole; a trial's name that one
  ///   alone; `--list` prints the names of those that need a launch of their own.
  /// - Returns: the exit status: 0 where all was right.
  public static func main(
    _ interconnect: any Interconnect, arguments: [String], settings: TrialSettings = TrialSettings()
  ) -> Int32 {
    if arguments.first == "--list" {
      for trial in trials where trial.endsWorld { print(trial.name) }
      return 0
    }
    let wanted = trials.filter { arguments.isEmpty ? !$0.endsWorld : arguments.contains($0.name) }
    guard !wanted.isEmpty else {
      report("no trial is called \(arguments)")
      return 64
    }
    do throws(DMTError) {
      let world = try interconnect.openWorld(rankCount: nil, timeoutMilliseconds: settings.timeoutMilliseconds)
      let connection = try world.connect(rank: world.ownRank ?? 0)
      var failed = 0
      for trial in wanted {
        let failures = trial.run(on: connection, world: world, settings: settings)
        for failure in failures { report("FAILED \(trial): \(failure)") }
        if failures.isEmpty { continue }
        failed += 1
        // The others may hang in what this rank did not do.
        if !trial.endsWorld {
          connection.abort("trial '\(trial)' failed on this rank")
          break
        }
      }
      if failed == 0, connection.rank == 0 {
        print("\(wanted.count) trials on \(world.rankCount) ranks of \(Set(world.hostOfRank).count) hosts passed")
      }
      return failed == 0 ? 0 : 1
    } catch {
      report("\(error)")
      return error.code.exitCode
    }
  }

  /// Writes a line to standard error in one piece, so that lines of several ranks do not mix.
  private static func report(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(2, bytes, bytes.count)
  }
}

/// Threads that are ranks.
private final class Crew: Sendable {
  typealias Work = @Sendable (Int) -> (failures: [String], keeps: (any RankConnection)?)
  private let work: Work
  private let failures = Mutex<[String]>([])
  private let finished = Atomic<Int>(0)

  init(_ work: @escaping Work) { self.work = work }

  /// Runs the work of every rank; connections end when all are done.
  func run(_ count: Int) -> [String] {
    var threads = [pthread_t](repeating: pthread_t(), count: count)
    for rank in 0..<count {
      let task = Unmanaged.passRetained(Task(crew: self, rank: rank, count: count)).toOpaque()
      let status = pthread_create(
        &threads[rank], nil,
        { argument in
          if let argument { Unmanaged<Task>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        }, task)
      if status != 0 { return ["no thread could be started"] }
    }
    for thread in threads { pthread_join(thread, nil) }
    return failures.withLock { $0 }
  }

  private final class Task {
    let crew: Crew
    let rank: Int
    let count: Int

    init(crew: Crew, rank: Int, count: Int) {
      self.crew = crew
      self.rank = rank
      self.count = count
    }

    func run() {
      let (found, connection) = crew.work(rank)
      crew.failures.withLock { $0 += found }
      crew.finished.add(1, ordering: .sequentiallyConsistent)
      while crew.finished.load(ordering: .sequentiallyConsistent) < count { MonotonicTime.sleep(1) }
      withExtendedLifetime(connection) {}
    }
  }
}
