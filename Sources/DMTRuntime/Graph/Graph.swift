public import DMTCore

/// The nodes, values and parameters of a model after every module has been expanded.
///
/// Nodes stand in an order in which each one follows those whose results it reads.
public struct Graph: Sendable {
  /// Where a value comes from.
  public enum Source: Sendable, Equatable {
    /// Given from outside each step; `needsGradient` when its gradient is wanted there.
    case input(needsGradient: Bool)
    /// The same number everywhere.
    case constant(Double)
    /// Result `output` of node `node`.
    case node(Int, output: Int)
  }

  /// A tensor of the graph.
  public struct Value: Sendable {
    public var name: String
    /// The batch extent is open.
    public var shape: Shape
    public var source: Source
  }

  /// An operator applied to values.
  public struct Node: Sendable {
    public var name: String
    public var op: any Operator
    /// Validated, defaults filled in.
    public var attributes: Attributes
    /// Indices of values.
    public var inputs: [Int]
    public var outputs: [Int]
    /// Indices of parameters, in the order of the signature.
    public var parameters: [Int]
    public var signature: OperatorSignature
  }

  /// A dense parameter.
  public struct Parameter: Sendable {
    public var name: String
    public var shape: Shape
    public var initializer: Initializer
    /// Operator and revision that give the parameter its meaning; a checkpoint records them.
    public var op: String
    public var revision: Int
  }

  public internal(set) var values: [Value] = []
  public internal(set) var nodes: [Node] = []
  public internal(set) var parameters: [Parameter] = []
  /// Names of all modules that were expanded into it.
  public internal(set) var modules: Set<String> = []

  public init() {}

  /// For each value, whether a gradient flows to it: it is wanted outside, or a parameter lies before it.
  public var needsGradient: [Bool] {
    var needs = values.map { $0.source == .input(needsGradient: true) }
    for node in nodes {
      let flows = !node.parameters.isEmpty || node.inputs.contains { needs[$0] }
      for output in node.outputs { needs[output] = flows }
    }
    return needs
  }

  /// Bit i: the gradient of the node's input i is wanted.
  func wantedInputGradients(of node: Node, needsGradient: [Bool]) -> UInt64 {
    var mask: UInt64 = 0
    for (index, input) in node.inputs.enumerated() where needsGradient[input] { mask |= 1 << UInt64(index) }
    return mask
  }
}
