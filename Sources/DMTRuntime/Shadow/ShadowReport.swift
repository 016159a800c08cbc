/// How far a second backend was from the first one, node by node.
public struct ShadowReport: Sendable, Encodable {
  /// Forward or backward.
  public enum Phase: String, Sendable, Encodable {
    case forward, backward
  }

  /// The worst difference of a node in one phase.
  public struct Worst: Sendable, Encodable {
    /// Largest difference of an element, as a share of the tensor's largest number.
    public var error = 0.0
    public var tolerance: Double
    /// `output`, `gradient of input 0`, `gradient of over_arch.0.weight`.
    public var tensor: String
    /// The batch, from 0.
    public var batch = 0

    /// A NaN misses every tolerance.
    public var isWithin: Bool { error <= tolerance }

    private enum CodingKeys: String, CodingKey {
      case error, tolerance, tensor, batch
      case isWithin = "within"
    }

    /// An error that is no finite number is null.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(error.isFinite ? error : nil, forKey: .error)
      try container.encode(tolerance, forKey: .tolerance)
      try container.encode(tensor, forKey: .tensor)
      try container.encode(batch, forKey: .batch)
      try container.encode(isWithin, forKey: .isWithin)
    }
  }

  /// A node, or all tables.
  public struct Node: Sendable, Encodable {
    public var name: String
    public var op: String
    /// Who serves it in the model.
    public var backend: String
    /// Who was run against it; nil: nobody of the other side serves it.
    public var against: String?
    /// Why nobody does.
    public var reason: String?
    public var forward: Worst?
    public var backward: Worst?

    /// Nothing missed its tolerance.
    public var isWithin: Bool { forward?.isWithin != false && backward?.isWithin != false }
  }

  /// Where a tolerance was missed first.
  public struct First: Sendable, Encodable {
    public var node: String
    public var op: String
    public var phase: Phase
    public var worst: Worst
  }

  /// Tables first, then the nodes in their order.
  public internal(set) var nodes: [Node] = []
  /// In the order of execution: the first batch's forward, its backward from the last node, the next batch.
  public internal(set) var first: First?
  /// Batches that were run.
  public internal(set) var batches = 0
  /// Samples of them.
  public internal(set) var samples = 0

  /// Every tolerance was kept.
  public var passed: Bool { first == nil }
  /// Nodes that the other side served.
  public var compared: Int { nodes.count { $0.against != nil } }
}
