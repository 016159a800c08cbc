public import DMTCore
public import DMTDataflow
import DMTDistributed
import DMTManifest
import DMTRuntime

/// What a model costs on many ranks, before any of them exists: who holds what, and what every step sends.
public struct RanksExplanation: Sendable, Encodable {
  /// A rank's part of the tables.
  public struct Rank: Sendable, Encodable {
    public var rank: Int
    public var host: Int
    /// Bytes of its parts of tables, optimizer state included.
    public var tableBytes: Double
    /// Bytes of dense parameters, their gradients and optimizer state, and where units of a sharded over-arch are whole.
    public var denseBytes: Int
    /// Its shards: `user`, `book columns 0..<8`, `tags rows 0..<100`.
    public var shards: [String]
    /// Towers whose modules run on it.
    public var towers: [String]
  }

  public var name: String
  public var topology: String
  public var strategy: String
  /// Ranks of a tower group.
  public var towerGroup: Int
  /// Samples of a global batch.
  public var batch: Int
  public var forwardWire: String
  public var backwardWire: String
  /// When rows are looked up.
  public var lookup: LookupTiming
  public var ranks: [Rank]
  /// Tables that every rank holds.
  public var replicated: [String]
  /// Bytes that each rank sends in each step of the dataflow.
  public var traffic: FlowTraffic
  /// Bytes that each rank sends to update tables that every rank holds, at most.
  public var replicatedTables: [LinkBytes]
  /// Bytes that each rank sends to update tables cut by columns, at most.
  public var splitTables: [LinkBytes]
  /// How the over-arch is kept.
  public var denseSharding: String
  /// Units of a sharded over-arch; 0: every rank keeps it whole.
  public var denseUnits: Int
  /// Bytes that each rank sends for dense parameters and their gradients.
  public var dense: DenseTraffic
}

extension Pipeline {
  /// What the model costs on the ranks of a topology.
  ///
  /// - Throws: as ``distributed(over:strategy:wire:)``.
  public func explanation(
    over topology: Topology, strategy: String? = nil
  ) throws(DMTError) -> RanksExplanation {
    let plan = try distributed(over: topology, strategy: strategy)
    let (flow, request) = (plan.flow, plan.flow.request)
    let batch = manifest.train.batch
    let forecast = try DenseForecast(
      plan: self.plan, flow: flow, dense: plan.dense, optimizer: manifest.train.optimizer, dtype: manifest.model.dtype)
    let ranks = (0..<topology.rankCount).map { rank in
      let shards = flow.plan.placement.shards.filter { $0.rank == rank && !$0.rows.isEmpty }
      let bytes = shards.reduce(0.0) { sum, shard in
        let table = request.tables[shard.table]
        return sum + table.rowBytes * Double(shard.rows.count) * Double(shard.columns.count) / Double(table.dim)
      }
      let whole = flow.plan.placement.replicated.reduce(0.0) {
        $0 + request.tables[$1].rowBytes * Double(request.tables[$1].rows)
      }
      let group = request.groups.group(of: rank)
      return RanksExplanation.Rank(
        rank: rank, host: topology.host(of: rank), tableBytes: bytes + whole, denseBytes: forecast.bytes[rank],
        shards: shards.map { Self.text($0, request) },
        towers: flow.runsTowers ? request.towers.filter { $0.group == group }.map(\.name) : [])
    }
    let counts = RankModel.counts(ofGlobalBatch: batch, ranks: topology.rankCount)
    // Parameters of towers are named after them.
    let size = Double(manifest.model.dtype.byteCount)
    var towerBytes = request.towers.map { _ in 0.0 }
    var overArch = 0.0
    for parameter in self.plan.graph.parameters {
      let bytes = Double(parameter.shape.elementsPerSample) * size
      if let tower = request.towers.firstIndex(where: { parameter.name.hasPrefix("towers.\($0.name).") }) {
        towerBytes[tower] += bytes
      } else {
        overArch += bytes
      }
    }
    if plan.dense != .replicated {
      overArch = Double(forecast.overArchBytes)
      // Modules that run on every rank's own samples are a part of it.
      if !flow.runsTowers { towerBytes = towerBytes.map { _ in 0 } }
    }
    let updates = TableUpdateForecast(
      flow, optimizer: manifest.train.tableOptimizer, dtype: manifest.model.dtype, samples: { counts[$0] })
    return RanksExplanation(
      name: manifest.name, topology: topology.description, strategy: plan.strategy, towerGroup: request.groups.size,
      batch: batch, forwardWire: request.forwardWire.name, backwardWire: request.backwardWire.name,
      lookup: plan.lookup, ranks: ranks,
      replicated: flow.plan.placement.replicated.sorted().map { request.tables[$0].name },
      traffic: flow.traffic(dtype: manifest.model.dtype) { counts[$0] }, replicatedTables: updates.replicated,
      splitTables: updates.split, denseSharding: plan.dense.name, denseUnits: forecast.units,
      dense: flow.denseTraffic(
        overArchBytes: overArch, towerBytes: towerBytes, sharding: plan.dense,
        gatheredAgainBytes: Double(forecast.gatheredAgainBytes)))
  }

  private static func text(_ shard: TableShard, _ request: ShardingRequest) -> String {
    let table = request.tables[shard.table]
    var text = table.name
    if shard.columns.count < table.dim { text += " columns \(shard.columns)" }
    if shard.rows.count < table.rows { text += " rows \(shard.rows)" }
    return text
  }
}
