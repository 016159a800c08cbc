public import DMTCore

/// How the model is spread when it is trained on many ranks; the number of ranks is said when a run is started.
public struct ShardingSection: Sendable, Equatable {
  /// The sharding strategy; nil: `sptt` where the model has towers, else `table_wise`.
  public var strategy: String?
  /// Ranks of a tower group; nil: a host's.
  public var towerGroup: Int?
  /// Tower modules run in their tower group, where the strategy can.
  public var runsTowers: Bool
  /// How embeddings travel.
  public var forwardWire: WireType
  /// How gradients of embeddings travel.
  public var backwardWire: WireType
  /// When rows are looked up.
  public var lookup: LookupTiming
  /// By table, where not the strategy decides.
  public var tables: [String: TableSharding]
  /// How the over-arch is kept.
  public var dense: DenseSharding
  public var place: DMTError.Place

  public init(
    strategy: String? = nil, towerGroup: Int? = nil, runsTowers: Bool = true, forwardWire: WireType = .native,
    backwardWire: WireType = .native, lookup: LookupTiming = .synchronous, tables: [String: TableSharding] = [:],
    dense: DenseSharding = .replicated, place: DMTError.Place = .init()
  ) {
    self.strategy = strategy
    self.towerGroup = towerGroup
    self.runsTowers = runsTowers
    self.forwardWire = forwardWire
    self.backwardWire = backwardWire
    self.lookup = lookup
    self.tables = tables
    self.dense = dense
    self.place = place
  }

  /// The strategies of this project's plugins: a manifest may name them where they are not installed, and be trained in one
  /// process there.
  public static let defaultStrategies = [
    "data_parallel", "table_wise", "column_wise", "row_wise", "table_row_wise", "sptt",
  ]
}
