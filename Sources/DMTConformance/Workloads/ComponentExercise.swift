internal import DMTCore
internal import DMTPluginHost

/// Ordinary work of a component of any kind, for tests that watch what it does besides.
enum ComponentExercise {
  /// - Parameter threads: that plans are bound for.
  static func run(_ context: TestContext, _ plugin: SubjectPlugin, threads: Int = 1) throws {
    let component = try context.tested()
    switch component.kind {
    case let kind where ComponentWorkloads.planKinds.contains(kind):
      for workload in try ComponentWorkloads.oneOfEach(context, plugin) {
        context.phase("running \(workload.name)")
        _ = try workload.bind(threads: threads).run()
      }
    case "partitioner":
      for trial in try PartitionTrials(context, plugin).all.prefix(4) { _ = try? trial.run(context) }
    case "sharding": for trial in try ShardingTrials(context, plugin).all.prefix(4) { _ = try? trial.run(context) }
    case "module": _ = try ModuleTrials(context, plugin).all.first?.run(context)
    case "reader": try ReaderSubject.exercise(context, plugin, threads: threads)
    // A world of one rank; with more, threads and waiting belong to the test.
    case "interconnect": try InterconnectTests.exercise(context, plugin)
    default: throw context.skip("this host does not know kind '\(component.kind)'")
    }
  }
}
