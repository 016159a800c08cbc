internal import DMTCore
internal import DMTInterconnectTesting
internal import DMTPluginHost
internal import Foundation

/// The trials of every interconnect, in worlds of several sizes.
enum InterconnectTests {
  private static let scope = ConformanceTest.Scope.components(["interconnect"])
  /// The hidden subcommand of a rank that a launcher starts.
  private static let rankCommand = "__check_rank"

  static let all = [
    ConformanceTest("collectives.alone", "Every trial passes in a world of one rank.", scope) { context in
      try run(context, [1]) { !$0.endsWorld }
    },
    ConformanceTest("collectives.several", "Every trial that leaves the world whole passes on several ranks.", scope) {
      context in try run(context, [2, 5]) { !$0.endsWorld }
    },
    ConformanceTest("collectives.failures", "Aborts, missing ranks and disagreement end in the right errors.", scope) {
      context in try run(context, [3]) { $0.endsWorld }
    },
  ]

  private static func engine(_ context: TestContext, _ plugin: SubjectPlugin) throws -> PluginInterconnect {
    let component = try context.tested()
    guard let engine = plugin.loaded.interconnects.first(where: { $0.name == component.id }) else {
      throw context.skip("this host does not know revision \(component.revision) of interconnects")
    }
    return engine
  }

  private static var settings: TrialSettings {
    var settings = TrialSettings()
    settings.largeBytes = 1 << 18
    settings.timeoutMilliseconds = 10_000
    return settings
  }

  /// A world of one rank, for tests that watch what the engine does besides.
  static func exercise(_ context: TestContext, _ plugin: SubjectPlugin) throws {
    let engine = try engine(context, plugin)
    context.phase("opening a world of one rank")
    let world = try engine.openWorld(
      rankCount: engine.isEmbedded ? 1 : nil, timeoutMilliseconds: settings.timeoutMilliseconds)
    let connection = try world.connect(rank: world.ownRank ?? 0)
    context.phase("making a communicator")
    _ = try connection.communicator(ranks: [0], lane: .dense)
  }

  private static func run(
    _ context: TestContext, _ sizes: [Int], _ isWanted: (InterconnectTrial) -> Bool
  ) throws {
    let trials = InterconnectConformance.trials.filter(isWanted)
    let plugin = try SubjectPlugin(context)
    let engine = try engine(context, plugin)
    guard engine.isEmbedded else { return try launch(context, trials, sizes) }
    for size in sizes {
      for trial in trials {
        context.phase("\(size) ranks try that \(trial.name)")
        for failure in try InterconnectConformance.run(trial, on: engine, rankCount: size, settings: settings) {
          context.fail("\(size) ranks, \(trial.name): \(failure)")
        }
      }
    }
    context.note("\(trials.count) trials on \(sizes.map(String.init).joined(separator: ", ")) ranks")
  }

  // MARK: Ranks that are processes

  /// The rank's work when `arguments` (the program's, its name first) ask for it; nil when they do not.
  static func runRank(arguments: [String]) -> Int32? {
    guard arguments.count >= 5, arguments[1] == rankCommand else { return nil }
    let order = TestOrder(
      test: rankCommand, library: arguments[2], folder: nil,
      component: TestedComponent(kind: "interconnect", id: arguments[3], revision: Int(arguments[4]) ?? 1), seed: 1)
    let context = TestContext(order) { _, _ in }
    do {
      let engine = try engine(context, SubjectPlugin(context))
      return InterconnectConformance.main(engine, arguments: Array(arguments.dropFirst(5)), settings: settings)
    } catch {
      print("\(error)")
      return 70
    }
  }

  /// Starts this program again as the ranks; trials that end the world one launch each.
  private static func launch(_ context: TestContext, _ trials: [InterconnectTrial], _ sizes: [Int]) throws {
    let component = try context.tested()
    let rank = [
      PluginSearchPath.executablePath, rankCommand, context.library, component.id, String(component.revision),
    ]
    let endsWorld = trials.contains(where: \.endsWorld)
    // Processes that wait for each other keep their cores; more of them than cores hold each other up.
    for size in sizes.map({ min($0, 3) }) {
      // A process that was started alone is a world of one.
      var line = rank
      if size > 1 {
        guard let launcher = mpirun else { throw context.skip("its ranks are processes, and there is no mpirun here") }
        line =
          [launcher, "-np", String(size), "--oversubscribe"] + (geteuid() == 0 ? ["--allow-run-as-root"] : []) + rank
      }
      for extra in endsWorld ? trials.map({ [$0.name] }) : [[]] {
        context.phase("\(size) processes try \(extra.first.map { "that " + $0 } ?? "all trials")")
        let (status, output) = try start(line + extra)
        let failures = output.split(separator: "\n").filter { $0.hasPrefix("FAILED") }
        for failure in failures.prefix(3) { context.fail("\(size) ranks: \(failure.dropFirst(7))") }
        // A world that was ended may take its launcher's exit status with it.
        if failures.isEmpty, status != 0, !endsWorld {
          context.fail("\(size) ranks ended with status \(status): \(output.suffix(200))")
        }
      }
    }
    context.note("\(trials.count) trials on \(sizes.map(String.init).joined(separator: ", ")) processes")
  }

  private static var mpirun: String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/mpirun" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  private static func start(_ line: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: line[0])
    process.arguments = Array(line.dropFirst())
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }
}
