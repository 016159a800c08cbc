/// How a table is cut, where the manifest or a planner says it.
public enum TableSharding: Int32, Sendable, Hashable, CaseIterable {
  /// As the strategy thinks best.
  case automatic = 0
  /// Every rank holds it.
  case dataParallel = 1
  /// One rank holds it.
  case tableWise = 2
  /// Ranks hold some columns each.
  case columnWise = 3
  /// Ranks hold some rows each.
  case rowWise = 4

  /// The word in manifests.
  public var name: String {
    switch self {
    case .automatic: "auto"
    case .dataParallel: "data_parallel"
    case .tableWise: "table_wise"
    case .columnWise: "column_wise"
    case .rowWise: "row_wise"
    }
  }

  /// The way that a manifest calls `name`.
  public init?(name: String) {
    guard let found = TableSharding.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }
}

/// A table that is to be placed.
public struct ShardingTable: Sendable, Hashable {
  public var name: String
  public var rows: Int
  public var dim: Int
  /// Bytes of a row, optimizer state included.
  public var rowBytes: Double
  public var sharding: TableSharding

  public init(name: String, rows: Int, dim: Int, rowBytes: Double, sharding: TableSharding = .automatic) {
    self.name = name
    self.rows = rows
    self.dim = dim
    self.rowBytes = rowBytes
    self.sharding = sharding
  }
}

/// A feature whose embedding the model wants.
public struct ShardingFeature: Sendable, Hashable {
  public var name: String
  public var table: Int
  public var pooling: Pooling
  /// Row numbers a sample, on average.
  public var lookups: Double
  /// The tower that reads it; nil: the over-arch reads it itself.
  public var tower: Int?

  public init(name: String, table: Int, pooling: Pooling, lookups: Double = 1, tower: Int? = nil) {
    self.name = name
    self.table = table
    self.pooling = pooling
    self.lookups = lookups
    self.tower = tower
  }
}

/// A tower and what its module makes of its features.
public struct ShardingTower: Sendable, Hashable {
  public var name: String
  /// Columns of its module's output.
  public var outputColumns: Int
  /// The tower group that serves it.
  public var group: Int

  public init(name: String, outputColumns: Int, group: Int) {
    self.name = name
    self.outputColumns = outputColumns
    self.group = group
  }
}

/// What a sharding strategy is asked.
public struct ShardingRequest: Sendable {
  public var groups: TowerGroups
  public var tables: [ShardingTable]
  public var features: [ShardingFeature]
  /// Empty for a flat model.
  public var towers: [ShardingTower]
  /// Samples of a global batch.
  public var batch: Int
  /// How embeddings travel.
  public var forwardWire: WireType
  /// How gradients of embeddings travel.
  public var backwardWire: WireType
  /// Run tower modules where the tower is served, where the strategy can (`sptt`); false: after the last step, on each
  /// rank's own samples.
  public var runsTowers: Bool
  /// Assigns work to ranks.
  public var planner: any ShardPlanner

  public init(
    groups: TowerGroups, tables: [ShardingTable], features: [ShardingFeature], towers: [ShardingTower] = [],
    batch: Int, forwardWire: WireType = .native, backwardWire: WireType = .native, runsTowers: Bool = true,
    planner: any ShardPlanner = GreedyPlanner()
  ) {
    self.groups = groups
    self.tables = tables
    self.features = features
    self.towers = towers
    self.batch = batch
    self.forwardWire = forwardWire
    self.backwardWire = backwardWire
    self.runsTowers = runsTowers
    self.planner = planner
  }
}
