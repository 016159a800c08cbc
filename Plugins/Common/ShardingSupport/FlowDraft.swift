import DMTPluginKit

/// A dataflow in the making.
struct FlowDraft {
  private(set) var flow = Dataflow()
  private let request: ShardingRequest

  init(_ request: ShardingRequest) { self.request = request }

  mutating func add(_ step: DataflowStep) -> Int { flow.add(step) }

  /// Pooled rows of features, nil where there are none.
  mutating func lookup(_ features: [Int], exchange: Int?) -> Int? {
    features.isEmpty ? nil : add(.lookup(features: features, exchange: exchange))
  }

  /// A cast to the wire types of the request, where these differ from how the model computes.
  mutating func cast(_ input: Int) -> Int {
    if request.forwardWire == .native, request.backwardWire == .native { return input }
    return add(.cast(input: input, forward: request.forwardWire, backward: request.backwardWire))
  }

  /// A cast where a tower group has ranks on several hosts; inside a host the wire is not what a step waits for, and sums
  /// of rounded parts are worse than rounded sums.
  mutating func castBetweenHosts(_ input: Int) -> Int {
    request.groups.size > request.groups.topology.ranksPerHost ? cast(input) : input
  }

  /// One edge of several, one block a rank.
  mutating func joined(_ edges: [Int?]) -> Int? {
    let edges = edges.compactMap(\.self)
    return edges.count <= 1 ? edges.first : add(.join(inputs: edges))
  }

  /// Joins the edges that lead to each rank's own samples, which ends the flow.
  mutating func finish(_ edges: [Int?]) -> Dataflow {
    let edges = edges.compactMap(\.self)
    if !edges.isEmpty { _ = add(.join(inputs: edges)) }
    return flow
  }
}
