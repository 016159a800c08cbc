public import DMTCore

/// The names that a manifest may use here, with the attributes that go with them.
///
/// The caller builds it from the plain modules and from the plugins that were found; optimizers, metrics and the
/// backends of the default order are always in it.
public struct ManifestCatalog: Sendable {
  /// A module with what it accepts.
  public struct Module: Sendable, Hashable {
    /// Where a module may stand.
    public enum Role: Sendable, Hashable {
      /// In a tower: [B, F, N] -> [B, out].
      case tower
      /// As the over-arch: -> logits [B].
      case overArch
      /// Anywhere; the runtime's shape check decides.
      case any
    }

    public var schema: AttributeSchema
    /// One sentence.
    public var summary: String
    public var role: Role

    public init(schema: AttributeSchema, summary: String, role: Role = .any) {
      self.schema = schema
      self.summary = summary
      self.role = role
    }
  }

  /// An optimizer with what it accepts beside `lr`.
  public struct Optimizer: Sendable, Hashable {
    public var schema: AttributeSchema
    /// One sentence.
    public var summary: String
    /// The learning rate when none is given.
    public var learningRate: Double

    public init(schema: AttributeSchema, summary: String, learningRate: Double) {
      self.schema = schema
      self.summary = summary
      self.learningRate = learningRate
    }
  }

  /// Modules by name.
  public var modules: [String: Module]
  /// Names of the backends found here.
  public var backends: [String]
  /// Ids of the plugins found here.
  public var plugins: [String]
  /// Names of the sharding strategies found here.
  public var strategies: [String]
  /// Names of the interconnects found here.
  public var interconnects: [String]
  /// Optimizers of dense parameters by name.
  public var denseOptimizers: [String: Optimizer]
  /// Optimizers of tables by name.
  public var tableOptimizers: [String: Optimizer]
  /// Metrics that an evaluation yields and early stopping can watch.
  public var metrics: [String]

  public init(
    modules: [String: Module] = [:], backends: [String] = [], plugins: [String] = [],
    strategies: [String] = [], interconnects: [String] = [],
    denseOptimizers: [String: Optimizer] = ManifestCatalog.builtinDenseOptimizers,
    tableOptimizers: [String: Optimizer] = ManifestCatalog.builtinTableOptimizers,
    metrics: [String] = ManifestCatalog.builtinMetrics
  ) {
    self.modules = modules
    self.backends = backends
    self.plugins = plugins
    self.strategies = strategies
    self.interconnects = interconnects
    self.denseOptimizers = denseOptimizers
    self.tableOptimizers = tableOptimizers
    self.metrics = metrics
  }

  /// The backends of the default order, found here or not, and the others found here.
  var knownBackends: [String] {
    Manifest.defaultBackends + backends.filter { !Manifest.defaultBackends.contains($0) }.sorted()
  }

  /// The strategies of this project's plugins, found here or not, and the others found here.
  var knownStrategies: [String] {
    let known = ShardingSection.defaultStrategies
    return known + strategies.filter { !known.contains($0) }.sorted()
  }

  /// The interconnects of this project's plugins, found here or not, and the others found here.
  var knownInterconnects: [String] {
    let known = InterconnectSection.defaultInterconnects
    return known + interconnects.filter { !known.contains($0) }.sorted()
  }

  /// The modules that may stand at a place, by name.
  func modules(for role: Module.Role) -> [(name: String, module: Module)] {
    modules.filter { $0.value.role == role || $0.value.role == .any }.sorted { $0.key < $1.key }
      .map { ($0.key, $0.value) }
  }
}
