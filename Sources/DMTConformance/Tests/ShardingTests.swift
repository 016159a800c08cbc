internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore
internal import DMTDataflow
internal import DMTPluginHost

/// What a sharding strategy answers.
enum ShardingTests {
  private static let scope = ConformanceTest.Scope.components(["sharding"])

  static let all = [
    ConformanceTest(
      "sharding.cover", "Every element of a table lies in one place, every sample gets every column once.", scope
    ) { context in
      try served(context) { trial, plan in
        do { _ = try CheckedFlow(request: trial.request, plan: plan) } catch let error as DMTError {
          context.fail("\(trial.name): \(error.message)")
        }
      }
    },
    ConformanceTest(
      "sharding.adjoint", "A simulated batch arrives as it should, and its gradients at the rows they belong to.", scope
    ) { context in
      try served(context) { trial, plan in
        // What the types refuse is sharding.cover's.
        guard let flow = try? CheckedFlow(request: trial.request, plan: plan) else { return }
        context.phase("simulating \(trial.name)")
        if let problem = simulate(trial.request, plan, runsTowers: flow.runsTowers, seed: context.seed) {
          context.fail("\(trial.name): \(problem)")
        }
      }
    },
    ConformanceTest("sharding.repeatable", "The same request gives the same plan.", scope) { context in
      try served(context) { trial, plan in
        for _ in 0..<3 {
          context.expect(try trial.run(context) == plan, "\(trial.name): another plan the next time")
        }
      }
    },
    ConformanceTest(
      "sharding.wishes", "A table that is to be cut in one way is cut so.", scope
    ) { context in
      try served(context) { trial, plan in check(context, trial, plan.placement) }
    },
    ConformanceTest("sharding.errors", "A request at NULL and what the builder refuses become errors.", scope, errors),
  ]

  /// Runs `body` on every plan; requests that the strategy refuses are none of its faults, unless it refuses all.
  private static func served(
    _ context: TestContext, _ body: (ShardingTrial, ShardingPlan) throws -> Void
  ) throws {
    var count = 0
    var refusal = ""
    for trial in try ShardingTrials(context, SubjectPlugin(context)).all {
      do {
        let plan = try trial.run(context)
        count += 1
        try body(trial, plan)
      } catch let error as DMTError where error.code == .invalidArgument || error.code == .unsupported {
        refusal = error.message
      }
    }
    if count == 0 { throw context.skip("it serves none of the requests: \(refusal)") }
    context.note("\(count) plans")
  }

  /// Carries a plan out, forward and back, and compares with the tables read directly; nil: all is right.
  private static func simulate(
    _ request: ShardingRequest, _ plan: ShardingPlan, runsTowers: Bool, seed: UInt64
  ) -> String? {
    let data = FlowData(request: request, seed: seed)
    var simulation = FlowSimulation(request, plan, data)
    let wanted = data.wanted(runsTowers: runsTowers)
    var seeds: [(node: LinearTape.Node, gradient: Double)] = []
    var expected: [FlowElement: Double] = [:]
    for (rank, blocks) in simulation.run().enumerated() {
      var found: [FlowSource: LinearTape.Node] = [:]
      for column in blocks.flatMap(\.columns) { found[column.source] = column.nodes.first }
      for source in wanted {
        guard let node = found[source] else { return "rank \(rank) gets no column \(source.column) of \(source)" }
        let parts = data.expected(sample: rank, source)
        let value = parts.reduce(0) { $0 + $1.factor * data.value($1.element) }
        let arrived = simulation.tape.values[node]
        guard abs(value - arrived) < 1e-9 else {
          return "rank \(rank) gets \(arrived) for \(source), expected \(value)"
        }
        let gradient = data.gradient(sample: rank, source)
        seeds.append((node, gradient))
        for part in parts { expected[part.element, default: 0] += part.factor * gradient }
      }
    }
    let gradients = simulation.tape.adjoint(seeds)
    for (element, value) in expected {
      let found = simulation.leaves[element].map { gradients[$0] } ?? 0
      guard abs(value - found) < 1e-9 else {
        return "row \(element.row), column \(element.column) of table \(element.table) gets the gradient \(found), "
          + "expected \(value)"
      }
    }
    // <F x, y> = <x, adjoint y>
    let forward = seeds.reduce(0) { $0 + simulation.tape.values[$1.node] * $1.gradient }
    let back = simulation.leaves.values.reduce(0) { $0 + simulation.tape.values[$1] * gradients[$1] }
    return abs(forward - back) < 1e-9 * max(1, abs(forward))
      ? nil : "the way back is not the way there: \(forward), \(back)"
  }

  private static func check(_ context: TestContext, _ trial: ShardingTrial, _ placement: Placement) {
    for (index, table) in trial.request.tables.enumerated() {
      let shards = placement.shards.filter { $0.table == index }
      let isRight =
        switch table.sharding {
        case .automatic: true
        case .dataParallel: placement.replicated.contains(index)
        case .tableWise: shards.count == 1
        case .columnWise: shards.allSatisfy { $0.rows == 0..<table.rows }
        case .rowWise: shards.allSatisfy { $0.columns == 0..<table.dim }
        }
      context.expect(isRight, "\(trial.name): table '\(table.name)' is to be \(table.sharding.name), and is not")
    }
  }

  private static func errors(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    let trial = try ShardingTrials(context, plugin).all[2]
    let table = try plugin.table(context.tested(), as: dmt_sharding.self).pointee
    guard let plan = table.plan else { return }
    let arena = ContractArena()
    var request = arena.request(trial.request)
    request.assign = { _, _, _, _ in DMT_RESOURCE_EXHAUSTED }
    var builder = dmt_sharding_builder()
    builder.struct_size = UInt32(MemoryLayout<dmt_sharding_builder>.size)
    builder.add_shard = { _, _ in DMT_RESOURCE_EXHAUSTED }
    builder.add_step = { _, _, _ in DMT_RESOURCE_EXHAUSTED }
    func expectRefused(_ what: String, _ body: () -> dmt_status) {
      context.phase("planning with \(what)")
      context.expect(SubjectPlugin.status(body).status != DMT_OK, "\(what) is accepted")
    }
    expectRefused("a request at NULL") { plan(table.ctx, nil, &builder) }
    expectRefused("a builder at NULL") { plan(table.ctx, &request, nil) }
    expectRefused("a builder and a planner that refuse everything") { plan(table.ctx, &request, &builder) }
    expectRefused("struct_size 0") {
      var wrong = request
      wrong.struct_size = 0
      return plan(table.ctx, &wrong, &builder)
    }
    expectRefused("tables at NULL") {
      var wrong = request
      wrong.tables = nil
      return plan(table.ctx, &wrong, &builder)
    }
  }
}
