public import DMTCore
import DMTModules
import DMTReference

/// Everything a model is composed of on this machine: operators, modules, kernels; built in or from plugins.
public struct Components: Sendable {
  public var operators: [String: any Operator]
  public var modules: [String: any Module]
  /// By name; `reference` is always there.
  public var backends: [String: any Backend]
  public var embeddings: [String: any EmbeddingBackend]
  public var updates: [String: any UpdateBackend]
  /// Tower partitioners by name.
  public var partitioners: [String: any TowerPartitioner]
  /// Sharding strategies by name.
  public var strategies: [String: any ShardingStrategy]
  /// Interconnects by name.
  public var interconnects: [String: any Interconnect]
  /// Update rules of plugins by name.
  public var optimizers: [String: any Optimizer]
  /// Formats of data files of plugins by name.
  public var readers: [String: any DataReader]
  /// Kernels that came with an operator of a plugin, by the operator's name.
  public var operatorKernels: [String: any Backend]

  public init(
    operators: [any Operator] = [], modules: [any Module] = [], backends: [any Backend] = [],
    embeddings: [any EmbeddingBackend] = [], updates: [any UpdateBackend] = [],
    operatorKernels: [String: any Backend] = [:], partitioners: [any TowerPartitioner] = [],
    strategies: [any ShardingStrategy] = [], interconnects: [any Interconnect] = [],
    optimizers: [any Optimizer] = [], readers: [any DataReader] = []
  ) {
    self.operators = Dictionary(operators.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.modules = Dictionary(modules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.backends = Dictionary(backends.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.embeddings = Dictionary(embeddings.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.updates = Dictionary(updates.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.operatorKernels = operatorKernels
    self.partitioners = Dictionary(partitioners.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.strategies = Dictionary(strategies.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.interconnects = Dictionary(interconnects.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.optimizers = Dictionary(optimizers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.readers = Dictionary(readers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// What every build has: opset 1, the plain modules and the reference kernels.
  public static let builtin = Components(
    operators: Opset.operators, modules: PlainModules.modules, backends: [ReferenceBackend()],
    embeddings: [ReferenceEmbedding()], updates: [ReferenceUpdate()])

  /// These components with those of `other` that have new names.
  public func adding(_ other: Components) -> Components {
    var result = self
    result.operators.merge(other.operators) { first, _ in first }
    result.modules.merge(other.modules) { first, _ in first }
    result.backends.merge(other.backends) { first, _ in first }
    result.embeddings.merge(other.embeddings) { first, _ in first }
    result.updates.merge(other.updates) { first, _ in first }
    result.operatorKernels.merge(other.operatorKernels) { first, _ in first }
    result.partitioners.merge(other.partitioners) { first, _ in first }
    result.strategies.merge(other.strategies) { first, _ in first }
    result.interconnects.merge(other.interconnects) { first, _ in first }
    result.optimizers.merge(other.optimizers) { first, _ in first }
    result.readers.merge(other.readers) { first, _ in first }
    return result
  }
}
