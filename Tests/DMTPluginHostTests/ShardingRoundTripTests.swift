import DMTPluginHost
import DMTPluginKit
import Synchronization
import Testing

/// Uses every kind of step once; the batch says how it goes wrong.
struct TestStrategy: ShardingStrategy {
  static let lastRequest = Mutex<ShardingRequest?>(nil)
  let name = "com.example.everything"
  let summary = "Every step once."

  func plan(_ request: ShardingRequest) throws(DMTError) -> ShardingPlan {
    Self.lastRequest.withLock { $0 = request }
    if request.batch == 13 {
      throw DMTError(.invalidArgument, "13 samples of \(request.tables[0].name)", remedy: "take 14")
    }
    let ranks = try request.planner.assign(
      [ShardCandidate(cost: 2, bytes: 8, ranks: [0, 1]), ShardCandidate(cost: 1, bytes: 4, ranks: [0, 1])],
      rankCount: request.groups.topology.rankCount)
    var plan = ShardingPlan()
    plan.placement.replicated = [1]
    plan.placement.shards = [
      TableShard(table: 0, rank: ranks[0], rows: 0..<4, columns: 0..<8),
      TableShard(table: 0, rank: ranks[1], rows: 4..<(request.batch == 14 ? 99 : 10), columns: 0..<8),
    ]
    let exchange = plan.dataflow.add(.exchange(features: [0], group: .world, order: .peers))
    let lookup = plan.dataflow.add(.lookup(features: [0], exchange: exchange))
    let permuted = plan.dataflow.add(.permute(input: lookup, order: .ranks))
    let cast = plan.dataflow.add(.cast(input: permuted, forward: .bfloat16, backward: .int8))
    let sent = plan.dataflow.add(.allToAll(input: cast, group: .tower))
    let reduced = plan.dataflow.add(.reduceScatter(input: sent, group: .peers))
    let gathered = plan.dataflow.add(.allGather(input: reduced, group: .world))
    let block = plan.dataflow.add(.transpose(input: gathered))
    let tower = plan.dataflow.add(.tower(input: block))
    let scaled = plan.dataflow.add(.scale(input: tower))
    let local = plan.dataflow.add(.lookup(features: [1], exchange: nil))
    let inputs = request.batch == 15 ? [scaled, 99] : [scaled, local]
    _ = plan.dataflow.add(.join(inputs: inputs))
    return plan
  }
}

/// Fails when it is asked.
private struct BrokenPlanner: ShardPlanner {
  func assign(_ pieces: [ShardCandidate], rankCount: Int) throws(DMTError) -> [Int] {
    throw DMTError(.notFound, "no place for \(pieces.count) pieces on \(rankCount) ranks")
  }
}

@Suite("A plugin's sharding strategy, through the C tables and back")
struct ShardingRoundTripTests {
  private func request(batch: Int = 64, planner: any ShardPlanner = GreedyPlanner()) throws -> ShardingRequest {
    ShardingRequest(
      groups: try TowerGroups(Topology(hosts: 2, ranksPerHost: 2), size: 2),
      tables: [
        ShardingTable(name: "users", rows: 10, dim: 8, rowBytes: 48, sharding: .rowWise),
        ShardingTable(name: "days", rows: 7, dim: 4, rowBytes: 16),
      ],
      features: [
        ShardingFeature(name: "user", table: 0, pooling: .mean, lookups: 2.5, tower: 1),
        ShardingFeature(name: "day", table: 1, pooling: .sum),
      ],
      towers: [
        ShardingTower(name: "a", outputColumns: 3, group: 0), ShardingTower(name: "b", outputColumns: 5, group: 1),
      ],
      batch: batch, forwardWire: .float16, backwardWire: .bfloat16, runsTowers: false, planner: planner)
  }

  private func strategy() throws -> PluginSharding { try #require(try RoundTrip().plugin.strategies.first) }

  private func failure(_ batch: Int, _ planner: any ShardPlanner = GreedyPlanner()) throws -> DMTError? {
    let strategy = try strategy()
    let request = try request(batch: batch, planner: planner)
    return #expect(throws: DMTError.self) { try strategy.plan(request) }
  }

  @Test("the same plan comes from a plugin as from the process")
  func same() throws {
    let strategy = try strategy()
    #expect(strategy.name == "com.example.everything" && strategy.summary == "Every step once.")
    let request = try request()
    let there = try strategy.plan(request)
    let seen = try #require(TestStrategy.lastRequest.withLock { $0 })
    #expect(seen.groups == request.groups && seen.tables == request.tables && seen.features == request.features)
    #expect(seen.towers == request.towers && seen.batch == 64 && !seen.runsTowers)
    #expect(seen.forwardWire == .float16 && seen.backwardWire == .bfloat16)
    #expect(there == (try TestStrategy().plan(request)))
    #expect(there.placement.shards.map(\.rank) == [0, 1])
  }

  @Test("the plugin's error comes back with its place")
  func pluginError() throws {
    let error = try failure(13)
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "13 samples of users (take 14)")
    #expect(
      error?.place == DMTError.Place(plugin: "com.example.test", component: "com.example.everything", phase: "plan"))
  }

  @Test("a shard outside its table and a step that reads a later one are the plugin's fault")
  func brokenPlans() throws {
    let shard = try failure(14)
    #expect(shard?.code == .pluginFailed)
    #expect(
      shard?.message
        == "a shard of table 'users' has rows 4 to 99 and columns 0 to 8, the table has 10 rows and 8 columns")
    let step = try failure(15)
    #expect(step?.code == .pluginFailed)
    #expect(step?.message == "step 11 of the dataflow: it reads step 99, which is not before it")
  }

  @Test("the planner's own error comes back as it is")
  func plannerError() throws {
    let error = try failure(64, BrokenPlanner())
    #expect(error?.code == .notFound)
    #expect(error?.message == "no place for 2 pieces on 4 ranks")
  }
}
