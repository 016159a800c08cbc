internal import DMTCore

/// What a component does with memory.
enum MemoryTests {
  private static let scope = ConformanceTest.Scope.components(ComponentWorkloads.kinds)
  private static let planScope = ConformanceTest.Scope.components(ComponentWorkloads.planKinds)

  static let all = [
    ConformanceTest("memory.guards", "It touches nothing beside its inputs and outputs.", planScope) { context in
      try guarded(context, .data)
    },
    ConformanceTest("memory.working", "It uses no more saved and scratch memory than it asked for.", scope) { context in
      try guarded(context, .working)
    },
    ConformanceTest("memory.inputs", "What it is given to read it does not write.", planScope) { context in
      for workload in try ComponentWorkloads.all(context, SubjectPlugin(context)) {
        context.phase("running \(workload.name) on inputs that cannot be written")
        var policy = MemoryPolicy()
        policy.hasReadOnlyInputs = true
        _ = try workload.bind(threads: 1).run(policy)
      }
    },
    ConformanceTest("memory.full-write", "It writes every element, whatever was there before.", scope) { context in
      for workload in try ComponentWorkloads.all(context, SubjectPlugin(context)) {
        context.phase("running \(workload.name) on memory full of other numbers")
        let bound = try workload.bind(threads: 1)
        var policy = MemoryPolicy()
        let plain = try bound.run(policy)
        // NaN, and a number that no computation here gives.
        for fill: UInt8 in [0xFF, 0x5A] {
          policy.fill = fill
          if let difference = Comparison.difference(try bound.run(policy), plain) {
            context.fail("\(workload.name), with other bytes in outputs and working memory before: \(difference)")
          }
        }
      }
    },
  ]

  private static func guarded(_ context: TestContext, _ role: MemoryPolicy.Role) throws {
    for workload in try ComponentWorkloads.all(context, SubjectPlugin(context)) {
      let bound = try workload.bind(threads: 1)
      for protection in [MemoryPolicy.Protection.guardedEnd, .guardedStart] {
        context.phase("running \(workload.name) between pages that cannot be touched")
        var policy = MemoryPolicy()
        policy.protection = protection
        policy.protectedRole = role
        do throws(DMTError) {
          _ = try bound.run(policy)
        } catch {
          throw error.message.hasPrefix("it wrote")
            ? DMTError(error.code, "\(workload.name): \(error.message)", place: error.place) : error
        }
      }
    }
  }
}
