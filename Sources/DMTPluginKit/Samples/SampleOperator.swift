public import DMTCore

/// An operator written without pointers: it computes samples from samples, through views that check every index.
///
/// The kit splits a batch over the host's threads when every input and output has the batch as its first extent, and
/// calls ``forward(_:)`` for each part at the same time; ``backward(_:)`` likewise when there are no parameters.
/// Elements are float32.
public protocol SampleOperator: Operator {
  /// Writes every element of the outputs.
  func forward(_ samples: inout ForwardSamples) throws(DMTError)
  /// Adds to the wanted gradients of inputs and parameters what follows from the gradients of the outputs.
  ///
  /// The kit has set to zero what is not to be added to, so this never needs to know.
  func backward(_ samples: inout BackwardSamples) throws(DMTError)
}

/// An operator that applies one function to every element of its one input.
public protocol ElementwiseOperator: SampleOperator {
  /// f(x).
  func value(_ x: Float, _ attributes: Attributes) -> Float
  /// f'(x).
  func derivative(_ x: Float, _ attributes: Attributes) -> Float
}

extension ElementwiseOperator {
  public var inputNames: [String] { ["x"] }

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    OperatorSignature(outputs: inputs, backwardReadsInputs: 1)
  }

  public func forward(_ samples: inout ForwardSamples) throws(DMTError) {
    let x = samples.input(0)
    let attributes = samples.attributes
    var y = samples.output(0)
    for index in x.indices { y[index] = value(x[index], attributes) }
  }

  public func backward(_ samples: inout BackwardSamples) throws(DMTError) {
    let x = samples.input(0)
    let outputGradient = samples.outputGradient(0)
    let attributes = samples.attributes
    guard samples.wantsInputGradient(0) else { return }
    var gradient = samples.inputGradient(0)
    for index in x.indices { gradient[index] += outputGradient[index] * derivative(x[index], attributes) }
  }
}
