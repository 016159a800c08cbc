/// What a step of a dataflow sends.
public struct StepTraffic: Sendable, Hashable, Encodable {
  /// Index of the step in the dataflow.
  public var step: Int
  /// `all_to_all`.
  public var name: String
  /// `world`, `tower`, `peers`.
  public var group: String
  /// What each rank sends in the forward pass.
  public var forward: [LinkBytes]
  /// What each rank sends in the adjoint; an exchange of row numbers has none.
  public var backward: [LinkBytes]
}

/// What a dataflow sends in a step of training, without the gradients of dense parameters and of replicated tables.
public struct FlowTraffic: Sendable, Hashable, Encodable {
  /// The steps that send anything.
  public var steps: [StepTraffic]
  /// What each rank sends in all steps, forward.
  public var forward: [LinkBytes]
  /// What each rank sends in all steps, backward.
  public var backward: [LinkBytes]

  init(steps: [StepTraffic], rankCount: Int) {
    self.steps = steps
    forward = [LinkBytes](repeating: LinkBytes(), count: rankCount)
    backward = forward
    for step in steps {
      for rank in 0..<rankCount {
        forward[rank] += step.forward[rank]
        backward[rank] += step.backward[rank]
      }
    }
  }

  /// What all ranks send, both ways.
  public var total: LinkBytes { LinkBytes.sum(forward) + LinkBytes.sum(backward) }
}
