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
  public struct Optimizer: Sendable {
    public var schema: AttributeSchema
    /// One sentence.
    public var summary: String
    /// The learning rate when none is given.
    public var learningRate: Double
    /// The rule that a component brings; nil: one of this project's.
    public var rule: (any DMTCore.Optimizer)?

    public init(schema: AttributeSchema, summary: String, learningRate: Double) {
      self.schema = schema
      self.summary = summary
      self.learningRate = learningRate
    }

    /// An optimizer that a component brings.
    public init(_ rule: any DMTCore.Optimizer) {
      self.init(schema: rule.attributes, summary: rule.summary, learningRate: rule.learningRate)
      self.rule = rule
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
  /// Formats of data files beside this project's, by name.
  public var readers: [String: any DataReader]
  /// Metrics that an evaluation yields and early stopping can watch.
  public var metrics: [String]

  public init(
    modules: [String: Module] = [:], backends: [String] = [], plugins: [String] = [],
    strategies: [String] = [], interconnects: [String] = [],
    denseOptimizers: [String: Optimizer] = ManifestCatalog.builtinDenseOptimizers,
    tableOptimizers: [String: Optimizer] = ManifestCatalog.builtinTableOptimizers,
    metrics: [String] = ManifestCatalog.builtinMetrics, readers: [any DataReader] = [],
    optimizers: [any DMTCore.Optimizer] = []
  ) {
    self.modules = modules
    self.backends = backends
    self.plugins = plugins
    self.strategies = strategies
    self.interconnects = interconnects
    self.denseOptimizers = denseOptimizers
    self.tableOptimizers = tableOptimizers
    // Names of components have a dot and hide none of this project's; of two the first is kept all the same.
    for rule in optimizers where rule.servesDense && denseOptimizers[rule.name] == nil {
      self.denseOptimizers[rule.name] = Optimizer(rule)
    }
    for rule in optimizers where rule.servesTables && tableOptimizers[rule.name] == nil {
      self.tableOptimizers[rule.name] = Optimizer(rule)
    }
    self.readers = Dictionary(readers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
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
