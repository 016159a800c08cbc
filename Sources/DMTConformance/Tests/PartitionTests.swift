internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore
internal import DMTPluginHost

/// What a partitioner answers.
enum PartitionTests {
  private static let scope = ConformanceTest.Scope.components(["partitioner"])

  static let all = [
    ConformanceTest("partition.cover", "Every feature is in one tower; balance and capacity hold.", scope) { context in
      for trial in try PartitionTrials(context, SubjectPlugin(context)).all {
        do { _ = try trial.run(context) } catch let error as DMTError {
          context.fail("\(trial.name): \(error.message)")
        }
      }
    },
    ConformanceTest(
      "partition.repeatable", "The same request gives the same answer, at any number of threads.", scope
    ) { context in
      let plugin = try SubjectPlugin(context)
      let trials = try PartitionTrials(context, plugin).all
      // Answers that are none are partition.cover's.
      let first = trials.map { trial in try? trial.run(context) }
      for threads in [1, 4] {
        try plugin.host.setThreads(threads)
        for (trial, expected) in zip(trials, first).reversed() where expected != nil {
          let again = try? trial.run(context)
          context.expect(again == expected, "\(trial.name): another answer the next time, on \(threads) threads")
        }
      }
    },
    ConformanceTest("partition.errors", "What cannot be dealt is refused with a message.", scope, errors),
  ]

  private static func errors(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    let request = try PartitionTrials(context, plugin).all[0].request
    let table = try plugin.table(context.tested(), as: dmt_partitioner.self).pointee
    guard let partition = table.partition else { return }
    let arena = ContractArena()
    let right = arena.request(request)
    var assignment = [Int32](repeating: -1, count: request.features.count)
    var coordinates = [Double](repeating: 0, count: 2 * request.features.count)
    func call(_ request: UnsafePointer<dmt_partition_request>?) -> (status: dmt_status, message: String) {
      assignment.withUnsafeMutableBufferPointer { assignment in
        coordinates.withUnsafeMutableBufferPointer { coordinates in
          var result = dmt_partition_result()
          result.struct_size = UInt32(MemoryLayout<dmt_partition_result>.size)
          result.assignment = assignment.baseAddress
          result.coordinates = coordinates.baseAddress
          return SubjectPlugin.status { partition(table.ctx, request, &result) }
        }
      }
    }
    func expectRefused(_ what: String, _ change: (inout dmt_partition_request) -> Void) {
      context.phase("asking with \(what)")
      var wrong = right
      change(&wrong)
      let (status, message) = call(&wrong)
      context.expect(status != DMT_OK, "\(what) is accepted")
      context.expect(status == DMT_OK || !message.isEmpty, "\(what) is refused without a message (set_error)")
    }
    context.phase("asking with a request at NULL")
    let (status, _) = call(nil)
    context.expect(status != DMT_OK, "a request at NULL is accepted")
    expectRefused("struct_size 0") { $0.struct_size = 0 }
    expectRefused("features at NULL") { $0.features = nil }
    expectRefused("-1 features") { $0.feature_count = -1 }
    expectRefused("strategy 'no-such'") { $0.strategy = arena.text("no-such") }
    expectRefused("0 towers") { $0.tower_count = 0 }
    expectRefused("more towers than features") { $0.tower_count = Int64(request.features.count) + 1 }
  }
}
