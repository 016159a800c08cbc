public import DMTCore
import DMTDataflow
public import DMTRuntime

/// How a model is spread over ranks: the topology, and what a sharding strategy is told beside the model.
public struct Distribution: Sendable, Equatable {
  public var topology: Topology
  /// Ranks of a tower group; nil: a host.
  public var towerGroupSize: Int?
  /// How embeddings travel.
  public var forwardWire: WireType
  /// How gradients of embeddings travel.
  public var backwardWire: WireType
  /// Towers run where they are served, where the strategy can.
  public var runsTowers: Bool
  /// By table, where not the strategy decides.
  public var tableShardings: [String: TableSharding]
  /// How the over-arch is kept.
  public var dense: DenseSharding

  public init(
    _ topology: Topology, towerGroupSize: Int? = nil, forwardWire: WireType = .native,
    backwardWire: WireType = .native, runsTowers: Bool = true, tableShardings: [String: TableSharding] = [:],
    dense: DenseSharding = .replicated
  ) {
    self.topology = topology
    self.towerGroupSize = towerGroupSize
    self.forwardWire = forwardWire
    self.backwardWire = backwardWire
    self.runsTowers = runsTowers
    self.tableShardings = tableShardings
    self.dense = dense
  }

  /// What a strategy is asked for a model.
  ///
  /// - Parameters:
  ///   - lookups: row numbers a sample of each feature of the data, on average; nil: one.
  ///   - batch: samples of a global batch.
  /// - Throws: ``DMTError/Code/notFound`` for a table that the model does not have, ``DMTError/Code/invalidArgument`` for a
  ///   tower group that does not fit the topology.
  public func request(
    for plan: ModelPlan, lookups: [Double]? = nil, batch: Int, tableOptimizer: OptimizerSpec? = nil,
    dtype: DType = .float32
  ) throws(DMTError) -> ShardingRequest {
    let groups = try TowerGroups(topology, size: towerGroupSize ?? topology.ranksPerHost)
    for name in tableShardings.keys.sorted() where !plan.tables.contains(where: { $0.name == name }) {
      throw DMTError(
        .notFound, "sharding names table '\(name)', which the model does not have",
        remedy: Spelling.suggestion(for: name, in: plan.tables.map(\.name)))
    }
    let states = try tableOptimizer?.states() ?? []
    let tables = plan.tables.map { table in
      let elements = states.reduce(Double(table.shape.dim)) { $0 + ($1.isRowwise ? 1 : Double(table.shape.dim)) }
      return ShardingTable(
        name: table.name, rows: table.shape.rows, dim: table.shape.dim,
        rowBytes: elements * Double(dtype.byteCount), sharding: tableShardings[table.name] ?? .automatic)
    }
    let towerOfOutput = Dictionary(
      plan.towers.enumerated().map { ($1.input, $0) }, uniquingKeysWith: { first, _ in first })
    let features = plan.features.enumerated().map { index, feature in
      ShardingFeature(
        name: plan.featureNames[plan.batchFeatures[index]], table: feature.table, pooling: feature.pooling,
        lookups: lookups?[plan.batchFeatures[index]] ?? 1, tower: towerOfOutput[feature.output])
    }
    let groupOfTower = try TowerAssignment.assign(
      towerCount: plan.towers.count, features: features, tables: tables, groupCount: groups.count)
    return ShardingRequest(
      groups: groups, tables: tables, features: features,
      towers: zip(plan.towers, groupOfTower).map {
        ShardingTower(name: $0.name, outputColumns: $0.columns, group: $1)
      }, batch: batch, forwardWire: forwardWire, backwardWire: backwardWire,
      runsTowers: runsTowers && !plan.towers.isEmpty)
  }
}
