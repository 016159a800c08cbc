internal import DMTCore

/// The sizes of batches that are forgotten.
enum BatchTests {
  private static let scope = ConformanceTest.Scope.components(ComponentWorkloads.kinds)

  static let all = [
    ConformanceTest("batch.zero", "A batch without samples is served; its pointers are NULL.", scope) { context in
      try run(context, batch: 0)
    },
    ConformanceTest("batch.one", "A batch of one sample is served.", scope) { context in try run(context, batch: 1) },
  ]

  private static func run(_ context: TestContext, batch: Int) throws {
    for workload in try ComponentWorkloads.oneOfEach(context, SubjectPlugin(context)) {
      let small = try workload.resized(batch: batch)
      context.phase("binding \(small.name)")
      let bound = try small.bind(threads: 1)
      context.phase("running \(small.name)")
      let found = try bound.run()
      if let exact = try small.bindReference()?.run() {
        if let miss = Comparison.miss(found, exact, tolerance: NumberTests.tolerance) {
          context.fail("\(small.name): \(miss)")
        }
      } else {
        for numbers in found where !numbers.values.allSatisfy(\.isFinite) {
          context.fail("\(small.name): \(numbers.name) is not finite")
        }
      }
    }
  }
}
