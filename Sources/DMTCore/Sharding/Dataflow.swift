/// The order of the samples on an edge of a dataflow, by the rank whose samples they are.
public enum SampleOrder: Int32, Sendable, Hashable {
  /// Rank 0's samples, rank 1's, ..
  case ranks = 0
  /// By (place in the tower group, tower group): ``TowerGroups/peerOrder``.
  case peers = 1
}

/// A step of a dataflow. What goes in and comes out is typed by ranks' samples, columns, whole or partial sums, wire type;
/// nobody writes a backward step: it is the adjoint of the forward one.
///
/// Notation: an edge holds, on every rank, blocks [samples, columns].
public enum DataflowStep: Sendable, Hashable {
  /// Sends the row numbers of the features' bags in the local batch to the ranks of `group` that hold their tables' shards.
  ///
  /// A shard of some rows receives the row numbers that lie in it, and the full lengths of the bags of features that are
  /// averaged. `order` is that of the samples at the receiver. No input.
  case exchange(features: [Int], group: RankGroup, order: SampleOrder)
  /// Looks the row numbers of an exchange up and pools them: one block with a rank's shards as columns, partial sums where
  /// the shards hold some rows only. With an input of nil, the local batch in tables that are replicated.
  case lookup(features: [Int], exchange: Int?)
  /// The samples of `input` in another order.
  case permute(input: Int, order: SampleOrder)
  /// Sends every block's samples to the members of `group` that they belong to
  /// (``TowerGroups/destination(ofSamplesFrom:in:with:)``); afterwards a rank has a block from every member. Whole sums only.
  case allToAll(input: Int, group: RankGroup)
  /// As `allToAll`, and sums the members' blocks, which have the same columns, in the members' order.
  case reduceScatter(input: Int, group: RankGroup)
  /// Every member of `group` receives the samples of all members, which have the same columns.
  case allGather(input: Int, group: RankGroup)
  /// Makes the blocks of an edge, which have the same samples, one block with their columns side by side.
  case transpose(input: Int)
  /// Makes the blocks of several edges, which have the same samples, one block with their columns side by side.
  case join(inputs: [Int])
  /// Divides the columns of features that are averaged by the full lengths of their bags. Whole sums only.
  case scale(input: Int)
  /// Runs the tower modules that this rank's tower group serves on their features; a block of output columns each.
  case tower(input: Int)
  /// Rounds to a wire type, forward to `forward` and in the adjoint to `backward`. The next collective sends that type.
  case cast(input: Int, forward: WireType, backward: WireType)

  /// Indices of the steps whose results it reads.
  public var inputs: [Int] {
    switch self {
    case .exchange: []
    case .lookup(_, let exchange): exchange.map { [$0] } ?? []
    case .permute(let input, _), .allToAll(let input, _), .reduceScatter(let input, _), .allGather(let input, _),
      .transpose(let input), .scale(let input), .tower(let input), .cast(let input, _, _):
      [input]
    case .join(let inputs): inputs
    }
  }

  /// The word for it in messages and in the contract.
  public var name: String {
    switch self {
    case .exchange: "exchange"
    case .lookup: "lookup"
    case .permute: "permute"
    case .allToAll: "all_to_all"
    case .reduceScatter: "reduce_scatter"
    case .allGather: "all_gather"
    case .transpose: "transpose"
    case .join: "join"
    case .scale: "scale"
    case .tower: "tower"
    case .cast: "cast"
    }
  }
}

/// How a batch travels from row numbers to the samples' embeddings: steps, each of which reads the results of earlier ones.
///
/// The last step's result has, on every rank, the rank's own samples with every column of the model exactly once. Copies of others'
/// samples, which an all_gather made, are dropped.
public struct Dataflow: Sendable, Hashable {
  public private(set) var steps: [DataflowStep] = []

  public init() {}

  /// Adds a step.
  ///
  /// - Returns: its index, by which later steps read it.
  public mutating func add(_ step: DataflowStep) -> Int {
    steps.append(step)
    return steps.count - 1
  }
}

/// What a sharding strategy answers.
public struct ShardingPlan: Sendable, Hashable {
  public var placement: Placement
  public var dataflow: Dataflow

  public init(placement: Placement = Placement(), dataflow: Dataflow = Dataflow()) {
    self.placement = placement
    self.dataflow = dataflow
  }
}
