internal import DMTCore
internal import DMTPluginHost
internal import Dispatch
internal import Synchronization

/// Threads, plans side by side, and results that do not depend on them.
enum ThreadTests {
  private static let scope = ConformanceTest.Scope.components(ComponentWorkloads.planKinds)

  static let all = [
    ConformanceTest("threads.repeatable", "A second run gives the same bits, on one thread and on several.", scope) {
      context in
      let plugin = try SubjectPlugin(context)
      let workloads = try ComponentWorkloads.all(context, plugin)
      for threads in [1, 3] {
        try use(threads, context, plugin)
        for workload in workloads {
          context.phase("running \(workload.name) twice on \(threads) threads")
          let bound = try workload.bind(threads: threads)
          let first = try bound.run()
          for _ in 0..<2 {
            if let difference = Comparison.difference(try bound.run(), first) {
              context.fail("\(workload.name) on \(threads) threads, run again: \(difference)")
            }
          }
        }
      }
    },
    ConformanceTest("threads.count", "Any number of threads gives the same numbers.", scope) { context in
      let plugin = try SubjectPlugin(context)
      let workloads = try ComponentWorkloads.all(context, plugin)
      let alone = try workloads.map { try $0.bind(threads: 1).run() }
      for threads in [2, 5] {
        try use(threads, context, plugin)
        for (workload, expected) in zip(workloads, alone) {
          context.phase("running \(workload.name) on \(threads) threads")
          let found = try workload.bind(threads: threads).run()
          // A sum that is cut otherwise is rounded otherwise; anything else is another result.
          if let miss = Comparison.miss(found, expected, tolerance: 1e-5) {
            context.fail("\(workload.name) on \(threads) threads instead of one: \(miss)")
          }
        }
      }
    },
    ConformanceTest("plans.independent", "Plans that exist side by side do not change each other.", scope) { context in
      let workloads = try ComponentWorkloads.all(context, SubjectPlugin(context))
      let other = try workloads.compactMap { try $0.variant() }
      let all = workloads + other
      let alone = try all.map { try $0.bind(threads: 1).run() }
      // All are bound before the first runs, and run in another order than they were bound in.
      let bound = try all.map { try $0.bind(threads: 1) }
      for index in all.indices.reversed() {
        context.phase("running \(all[index].name) with \(all.count) plans bound")
        if let difference = Comparison.difference(try bound[index].run(), alone[index]) {
          context.fail("\(all[index].name) with \(all.count) plans bound: \(difference)")
        }
      }
    },
    ConformanceTest(
      "plans.concurrent", "Plans on several threads at once give what they give alone.", scope, concurrent),
    ConformanceTest(
      "threads.budget", "It starts no thread beyond the number it was given.", .components(DescriptorTests.everyKind)
    ) { context in
      let before = ProcessState.threads
      let budget = max(2, ThreadPool.usableCPUs)
      let plugin = try SubjectPlugin(context)
      let loaded = ProcessState.threads
      try plugin.host.setThreads(budget)
      // The host's own are not the plugin's.
      let own = ProcessState.threads
      try tell(budget, context, plugin)
      try ComponentExercise.run(context, plugin, threads: budget)
      let created = loaded - before + ProcessState.threads - own
      context.note("it started \(created) threads, with \(budget) given")
      context.expect(created < budget, "it started \(created) threads beside the caller's, with \(budget) given")
    },
  ]

  /// Gives host and backend this many threads.
  private static func use(_ threads: Int, _ context: TestContext, _ plugin: SubjectPlugin) throws {
    try plugin.host.setThreads(threads)
    try tell(threads, context, plugin)
  }

  /// Gives the backend this many threads.
  private static func tell(_ threads: Int, _ context: TestContext, _ plugin: SubjectPlugin) throws {
    context.phase("setting it to \(threads) threads")
    for backend in plugin.loaded.backends where backend.name == context.component?.id && backend.probe.score > 0 {
      try backend.setThreads(threads)
    }
  }

  private static func concurrent(_ context: TestContext) throws {
    let workloads = try ComponentWorkloads.oneOfEach(context, SubjectPlugin(context))
    let failures = Mutex<[String]>([])
    for workload in workloads {
      context.phase("running \(workload.name) on four threads at once")
      // Each thread has a plan and data of its own; workloads are values that only read.
      nonisolated(unsafe) let own = (0..<4).map { workload.reseeded(context.seed &+ UInt64($0)) }
      let alone = try own.map { try $0.bind(threads: 1).run() }
      DispatchQueue.concurrentPerform(iterations: own.count) { number in
        do throws(DMTError) {
          for _ in 0..<3 {
            let found = try own[number].bind(threads: 1).run()
            if let difference = Comparison.difference(found, alone[number]) {
              failures.withLock { $0.append("\(own[number].name) on four threads at once: \(difference)") }
            }
          }
        } catch {
          failures.withLock { $0.append("\(own[number].name) on four threads at once: \(error.message)") }
        }
      }
    }
    for failure in failures.withLock({ $0 }) { context.fail(failure) }
  }
}
