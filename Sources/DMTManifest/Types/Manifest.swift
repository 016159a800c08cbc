/// One pipeline: what to read, which model to build from it, and how to train it.
public struct Manifest: Sendable, Equatable {
  /// The manifest format; this build reads 1.
  public var version: Int
  /// What the pipeline is called in logs and run folders.
  public var name: String
  /// The manifest's own path; relative paths in it start at its folder.
  public var path: String
  public var data: DataSection
  /// Categorical features in the order of the file: each one is looked up in a table.
  public var features: [FeatureSpec]
  /// Numeric features in the order of the file: each one is a column of the dense input.
  public var dense: [DenseSpec]
  public var model: ModelSection
  public var train: TrainSection
  /// Backend names in order of preference.
  public var backends: [String]
  /// Plugins (ids or files) that must be there.
  public var plugins: [String]
  public var sharding: ShardingSection
  public var interconnect: InterconnectSection

  public init(
    version: Int = 1, name: String, path: String, data: DataSection, features: [FeatureSpec] = [],
    dense: [DenseSpec] = [], model: ModelSection, train: TrainSection = TrainSection(),
    backends: [String] = Manifest.defaultBackends, plugins: [String] = [],
    sharding: ShardingSection = ShardingSection(), interconnect: InterconnectSection = InterconnectSection()
  ) {
    self.version = version
    self.name = name
    self.path = path
    self.data = data
    self.features = features
    self.dense = dense
    self.model = model
    self.train = train
    self.backends = backends
    self.plugins = plugins
    self.sharding = sharding
    self.interconnect = interconnect
  }

  /// The order in which backends are asked when nothing else is said.
  public static let defaultBackends = ["onednn", "openblas", "native", "reference"]
}
