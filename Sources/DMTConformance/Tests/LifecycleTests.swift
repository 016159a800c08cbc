internal import CDMTHostShims
internal import DMTCore
internal import DMTPluginHost

/// How a plugin begins, ends, and what is left of its plans.
enum LifecycleTests {
  static let exitName = "lifecycle.exit"

  static let all = [
    ConformanceTest(
      "lifecycle.bare", "It works for a host that has no services.", .components(DescriptorTests.everyKind)
    ) { context in
      let plugin = try SubjectPlugin(context, isBare: true)
      try ComponentExercise.run(context, plugin)
    },
    ConformanceTest(exitName, "After shutdown the process ends in order.", .plugin) { context in
      let plugin = try SubjectPlugin(context)
      context.phase("shutting it down")
      plugin.loaded.shutdown()
      context.phase("the process was ending")
    },
    ConformanceTest(
      "lifecycle.plans", "A thousand plans made and released leave no memory behind.",
      .components(ComponentWorkloads.planKinds)
    ) { context in
      let plugin = try SubjectPlugin(context)
      let workload = try ComponentWorkloads.smallest(context, plugin)
      func round(_ count: Int) throws {
        for _ in 0..<count { _ = try workload.bind(threads: 1) }
      }
      context.phase("making plans of \(workload.name)")
      // The first ones fill caches.
      for _ in 0..<3 { _ = try workload.bind(threads: 1).run() }
      try round(200)
      // A table that doubles grows once; what is lost with every plan grows with every thousand.
      var grown: [(heap: Int64, given: Int)] = []
      for _ in 0..<2 {
        let (heap, given) = (dmt_heap_in_use(), plugin.host.allocations.outstandingBytes)
        try round(1000)
        grown.append((dmt_heap_in_use() - heap, plugin.host.allocations.outstandingBytes - given))
      }
      let heap = grown.map(\.heap).min() ?? 0
      // Less than a word a plan is no leak of plans.
      context.expect(heap < 8000, "the heap grows by \(heap) bytes over 1000 plans of \(workload.name)")
      let given = grown.map(\.given).min() ?? 0
      context.expect(given <= 0, "\(given) bytes of the host's allocator are left of 1000 plans of \(workload.name)")
    },
    ConformanceTest(
      "lifecycle.allocator", "What it takes from the host's allocator it gives back, once, unbroken.",
      .components(ComponentWorkloads.planKinds)
    ) { context in
      let plugin = try SubjectPlugin(context)
      let workloads = try ComponentWorkloads.all(context, plugin)
      // What is kept for good is taken the first time.
      for workload in workloads { try runOnce(context, workload) }
      let before = plugin.host.allocations.outstanding
      for workload in workloads { try runOnce(context, workload) }
      for (tag, bytes) in plugin.host.allocations.outstanding.sorted(by: { $0.key < $1.key }) {
        let known = before[tag] ?? 0
        context.expect(bytes <= known, "\(bytes - known) bytes '\(tag)' were not given back with their plans")
      }
      for problem in plugin.host.allocations.problems { context.fail(problem) }
    },
  ]

  private static func runOnce(_ context: TestContext, _ workload: any Workload) throws {
    context.phase("running \(workload.name)")
    _ = try workload.bind(threads: 1).run()
  }
}
