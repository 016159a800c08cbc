/// A kind of component that a package of a plugin begins with.
public enum PluginKind: String, Sendable, CaseIterable {
  case backend
  case interconnect
  case module
  case `operator`
  case optimizer
  case partitioner
  case reader
  case sharding

  /// What the example computes, in one sentence: the plugin's summary.
  public var summary: String {
    switch self {
    case .backend: "Kernels for linear without an activation: y = x W^T + b."
    case .interconnect: "Ranks that are threads of one process, joined by one lock."
    case .module: "A gated linear layer: y = Linear(x * sigmoid(Linear(x)))."
    case .operator: "The swish activation: y = x / (1 + exp(-beta x))."
    case .optimizer: "Sign descent with momentum: w -= lr sign(m)."
    case .partitioner: "Features by falling lookup cost, each to the tower that carries least."
    case .reader: "Lines of fields that blanks separate, the columns' names in the first."
    case .sharding: "Table t lies on rank t modulo the number of ranks."
    }
  }

  /// Whether manifests know its components by the plugin's id: a plain name is the project's own there.
  var isNamedByID: Bool {
    switch self {
    case .operator, .module, .reader, .optimizer: true
    case .backend, .interconnect, .partitioner, .sharding: false
    }
  }

  /// The example's type, for a plugin whose name is `type` as a type's: `SwishOperator`.
  ///
  /// It hides a type of the kit that has the same name, which is right but for the protocol that it conforms to.
  func exampleType(_ type: String) -> String {
    let name = type + rawValue.prefix(1).uppercased() + rawValue.dropFirst()
    return ["SampleOperator", "TowerPartitioner"].contains(name) ? name + "Example" : name
  }

  /// How a plugin in Swift lists a component of the kind.
  func offer(of type: String) -> String {
    switch self {
    case .backend, .interconnect, .partitioner: ".\(rawValue)(\(type)(), summary: summary)"
    case .module, .operator, .optimizer, .reader, .sharding: ".\(rawValue)(\(type)())"
    }
  }
}
