import DMTCore
import DMTDataflow
import Testing

/// Random topologies, features, towers and shardings of tables.
@Suite struct PlanPropertyTests {
  private static let seeds = 0..<200

  @Test(arguments: seeds) func `every plan of every strategy passes the check`(_ seed: Int) throws {
    let request = try randomRequest(seed: seed)
    for strategy in everyStrategy {
      let flow = try CheckedFlow(request, strategy)
      #expect(flow.types.count == flow.plan.dataflow.steps.count)
      #expect(flow.runsTowers == (strategy.name == "sptt" && request.runsTowers && !request.towers.isEmpty))
      #expect(try strategy.plan(request) == flow.plan, "a plan is a function of the request")
      checkShardings(flow, strategy)
      checkWires(flow)
      if strategy.name == "sptt" { checkHomes(flow) }
    }
  }

  /// A table that the manifest shards is sharded so.
  private func checkShardings(_ flow: CheckedFlow, _ strategy: any ShardingStrategy) {
    for (index, table) in flow.request.tables.enumerated() {
      let shards = flow.plan.placement.shards.filter { $0.table == index }
      switch table.sharding {
      case .automatic: break
      case .dataParallel: #expect(flow.plan.placement.replicated.contains(index))
      case .tableWise: #expect(shards.count == 1)
      case .columnWise: #expect(shards.allSatisfy { $0.rows == 0..<table.rows })
      case .rowWise:
        #expect(shards.allSatisfy { $0.columns == 0..<table.dim })
        #expect(Set(shards.map(\.rank)).count == shards.count)
      }
    }
  }

  /// What travels between hosts is in the wire types of the request.
  private func checkWires(_ flow: CheckedFlow) {
    for step in flow.plan.dataflow.steps {
      guard case .allToAll(let input, _) = step, case .values(_, let forward, let backward) = flow.types[input] else {
        continue
      }
      #expect(forward == flow.request.forwardWire)
      #expect(backward == flow.request.backwardWire)
    }
  }

  /// A tower's tables lie in the tower group that serves it.
  private func checkHomes(_ flow: CheckedFlow) {
    let request = flow.request
    guard flow.runsTowers else { return }
    for feature in request.features {
      guard let tower = feature.tower else { continue }
      for shard in flow.plan.placement.shards where shard.table == feature.table {
        #expect(request.groups.group(of: shard.rank) == request.towers[tower].group)
      }
    }
  }

  @Test(arguments: seeds) func `every number is sent as often forward as its gradient comes back`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed + 1000)
    var request = try randomRequest(seed: seed)
    request.forwardWire = .float16
    request.backwardWire = .float16
    let batches = (0..<request.groups.topology.rankCount).map { _ in Int.random(in: 0...20, using: &random) }
    for strategy in everyStrategy {
      let traffic = try CheckedFlow(request, strategy).traffic { batches[$0] }
      for step in traffic.steps where step.name != "exchange" {
        #expect(LinkBytes.sum(step.forward) == LinkBytes.sum(step.backward))
      }
      // Nothing leaves a tower group's host in a step of the group, and peers of one host talk inside it alone.
      if request.groups.size <= request.groups.topology.ranksPerHost {
        for step in traffic.steps where step.group == "tower" { #expect(LinkBytes.sum(step.forward).acrossHosts == 0) }
      }
    }
  }

  @Test(arguments: seeds) func `a broken placement is refused`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed + 2000)
    let request = try randomRequest(seed: seed)
    for strategy in everyStrategy {
      let plan = try strategy.plan(request)
      let full = plan.placement.shards.indices.filter { !plan.placement.shards[$0].rows.isEmpty }
      guard let victim = full.randomElement(using: &random) else { continue }
      var dropped = plan
      dropped.placement.shards.remove(at: victim)
      expectRefused(request, dropped, "no rank holds rows")
      var doubled = plan
      doubled.placement.shards.append(doubled.placement.shards[victim])
      expectRefused(request, doubled, "again on rank")
      var far = plan
      far.placement.shards[victim].rank = request.groups.topology.rankCount
      expectRefused(request, far, "on rank \(request.groups.topology.rankCount), expected 0 to")
      var both = plan
      both.placement.replicated.insert(plan.placement.shards[victim].table)
      expectRefused(request, both, "is replicated and has a shard")
    }
  }

  @Test(arguments: seeds) func `a broken dataflow is refused`(_ seed: Int) throws {
    let request = try randomRequest(seed: seed)
    for strategy in everyStrategy {
      let plan = try strategy.plan(request)
      for (index, step) in plan.dataflow.steps.enumerated() {
        if changesHands(step, request) {
          expectRefused(request, plan.replacing(index) { _ in nil }, "")
        }
        for changed in wronglyGrouped(step, request) {
          expectRefused(request, plan.replacing(index) { _ in changed }, "")
        }
        if case .lookup(let features, let exchange) = step {
          expectRefused(
            request, plan.replacing(index) { _ in .lookup(features: features + [features[0]], exchange: exchange) },
            "twice")
          guard features.count > 1 else { continue }
          expectRefused(
            request,
            plan.replacing(index) { _ in .lookup(features: Array(features.dropLast()), exchange: exchange) }, "")
        }
        if case .join(let inputs) = step {
          expectRefused(request, plan.replacing(index) { _ in .join(inputs: inputs + [inputs[0]]) }, "reads")
        }
      }
      var unread = plan
      _ = unread.dataflow.add(.lookup(features: [0], exchange: nil))
      expectRefused(request, unread, "")
    }
  }

  /// Whether a step moves samples between ranks of this topology, so that a flow without it is wrong.
  private func changesHands(_ step: DataflowStep, _ request: ShardingRequest) -> Bool {
    switch step {
    case .allToAll(_, .world), .reduceScatter(_, .world): request.groups.topology.rankCount > 1
    case .allToAll(_, .peers): request.groups.count > 1
    case .reduceScatter(_, .tower): request.groups.size > 1
    default: false
    }
  }

  private func wronglyGrouped(_ step: DataflowStep, _ request: ShardingRequest) -> [DataflowStep] {
    let (many, large) = (request.groups.count > 1, request.groups.size > 1)
    return switch step {
    case .allToAll(let input, .world):
      (many ? [.allToAll(input: input, group: .tower)] : []) + (large ? [.allToAll(input: input, group: .peers)] : [])
    case .allToAll(let input, .tower): large ? [.allToAll(input: input, group: .peers)] : []
    case .allToAll(let input, .peers): many ? [.allToAll(input: input, group: .tower)] : []
    case .reduceScatter(let input, .world): many ? [.reduceScatter(input: input, group: .tower)] : []
    case .reduceScatter(let input, .tower): large ? [.reduceScatter(input: input, group: .peers)] : []
    case .exchange(let features, .world, let order):
      (many ? [.exchange(features: features, group: .tower, order: order)] : [])
        + (large ? [.exchange(features: features, group: .peers, order: order)] : [])
    default: []
    }
  }

  private func expectRefused(
    _ request: ShardingRequest, _ plan: ShardingPlan, _ words: String, at location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: DMTError.self, sourceLocation: location) {
      try CheckedFlow(request: request, plan: plan)
    }
    #expect(error?.code == .pluginFailed, sourceLocation: location)
    if !words.isEmpty {
      #expect(error?.message.contains(words) == true, "\(String(describing: error))", sourceLocation: location)
    }
  }
}

extension ShardingPlan {
  /// The plan with a step changed; nil leaves its place to a step that does nothing.
  fileprivate func replacing(_ index: Int, _ change: (DataflowStep) -> DataflowStep?) -> ShardingPlan {
    var flow = Dataflow()
    for (place, step) in dataflow.steps.enumerated() {
      _ = flow.add(place == index ? change(step) ?? step.withoutEffect : step)
    }
    return ShardingPlan(placement: placement, dataflow: flow)
  }
}

extension DataflowStep {
  /// A step that hands its input on.
  fileprivate var withoutEffect: DataflowStep {
    inputs.first.map { .cast(input: $0, forward: .native, backward: .native) } ?? self
  }
}
