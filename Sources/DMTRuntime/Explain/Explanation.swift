import DMTCore

/// What a model is made of and what it costs, before any memory is allocated.
public struct Explanation: Sendable, Codable {
  /// One node of the graph.
  public struct Node: Sendable, Codable {
    public var name: String
    public var op: String
    public var inputs: [String]
    public var outputs: [String]
    public var parameters: Int
    /// FLOPs a sample of forward, and of forward and backward.
    public var forwardFlops: Double
    public var trainingFlops: Double
    public var backend: String
    public var reason: String
  }

  /// A table.
  public struct Table: Sendable, Codable {
    public var name: String
    public var rows: Int
    public var dim: Int
  }

  /// A feature and where its embedding goes.
  public struct Feature: Sendable, Codable {
    public var name: String
    public var table: String
    public var pooling: String
    public var goesTo: String
  }

  /// Bytes in memory.
  public struct Memory: Sendable, Codable {
    public var tables: Int
    public var parameters: Int
    /// Gradients of the dense parameters.
    public var gradients: Int
    public var optimizerState: Int
    /// Activations, their gradients and scratch of a training step, by liveness.
    public var activations: Int?
    /// All of them.
    public var total: Int { tables + parameters + gradients + optimizerState + (activations ?? 0) }
  }

  public var name: String
  public var batch: Int
  public var features: [Feature]
  public var tables: [Table]
  public var nodes: [Node]
  /// Who looks up and updates the tables, and who updates the dense parameters.
  public var tableBackend: String
  public var tableReason: String
  public var updateBackend: String
  public var updateReason: String
  /// The optimizer that updates the rows of tables by a rule of its own, and its summary; nil: ``tableBackend`` does.
  public var tableRule: String?
  public var tableRuleReason: String?
  /// The component that reads the data files; nil: a format of this project.
  public var reader: String?
  /// Elements of all tables and dense parameters.
  public var parameters: Int
  public var denseParameters: Int
  public var tableParameters: Int
  /// Forward and backward, in millions a sample; a multiply-accumulate counts twice.
  public var mflopsPerSample: Double
  public var forwardMflopsPerSample: Double
  public var memory: Memory

  enum CodingKeys: String, CodingKey {
    case name, batch, features, tables, nodes, parameters, memory
    case tableBackend = "table_backend"
    case tableReason = "table_reason"
    case updateBackend = "update_backend"
    case updateReason = "update_reason"
    case tableRule = "table_rule"
    case tableRuleReason = "table_rule_reason"
    case reader
    case denseParameters = "dense_parameters"
    case tableParameters = "table_parameters"
    case mflopsPerSample = "mflops_per_sample"
    case forwardMflopsPerSample = "forward_mflops_per_sample"
  }
}

extension Explanation.Node {
  enum CodingKeys: String, CodingKey {
    case name, op, inputs, outputs, parameters, backend, reason
    case forwardFlops = "forward_flops"
    case trainingFlops = "training_flops"
  }
}

extension Explanation.Feature {
  enum CodingKeys: String, CodingKey {
    case name, table, pooling
    case goesTo = "goes_to"
  }
}

extension Explanation.Memory {
  enum CodingKeys: String, CodingKey {
    case tables, parameters, gradients, activations
    case optimizerState = "optimizer_state"
  }
}
