internal import CDMTPlugin
public import DMTCore

/// What both directions see of a part of a batch: the raw call, and where the part lies in every tensor.
struct SamplePart {
  let call: UnsafePointer<dmt_kernel_call>
  let plan: Unmanaged<SampleKernelPlan>
  let first: Int
  let count: Int
}

/// The samples of a batch, or some of them, on their way forward.
///
/// Views live as long as the call; the compiler refuses to keep one.
public struct ForwardSamples: ~Copyable, ~Escapable {
  private let part: SamplePart

  @_lifetime(borrow part)
  init(_ part: borrowing SamplePart) { self.part = copy part }

  /// Samples in this part; all of the tensor when it is not split by samples.
  public var count: Int { part.count }
  /// The node's attributes, defaults filled in.
  public var attributes: Attributes { part.plan._withUnsafeGuaranteedRef { $0.request.attributes } }
  /// Training, not evaluation.
  public var isTraining: Bool { part.call.pointee.flags & DMT_CALL_TRAINING != 0 }
  /// The whole shape of input `index`.
  public func inputShape(_ index: Int) -> Shape { part.plan._withUnsafeGuaranteedRef { $0.request.inputs[index] } }
  /// The whole shape of output `index`.
  public func outputShape(_ index: Int) -> Shape { part.plan._withUnsafeGuaranteedRef { $0.request.outputs[index] } }

  /// The elements of input `index` for these samples, row-major.
  @_lifetime(copy self)
  public func input(_ index: Int) -> Span<Float> {
    _overrideLifetime(
      Span(_unsafeElements: part.elements(part.call.pointee.inputs, index, of: .inputs)), copying: self)
  }

  /// The elements of parameter `index`.
  @_lifetime(copy self)
  public func parameter(_ index: Int) -> Span<Float> {
    _overrideLifetime(
      Span(_unsafeElements: part.elements(part.call.pointee.parameters, index, of: .parameters)), copying: self)
  }

  /// The elements of output `index` for these samples, to be written.
  @_lifetime(&self)
  public mutating func output(_ index: Int) -> MutableSpan<Float> {
    _overrideLifetime(
      MutableSpan(_unsafeElements: part.elements(part.call.pointee.outputs, index, of: .outputs)), mutating: &self)
  }
}

/// The samples of a batch, or some of them, on their way back.
///
/// Views live as long as the call; the compiler refuses to keep one.
public struct BackwardSamples: ~Copyable, ~Escapable {
  private let part: SamplePart

  @_lifetime(borrow part)
  init(_ part: borrowing SamplePart) { self.part = copy part }

  /// Samples in this part; all of the tensor when it is not split by samples.
  public var count: Int { part.count }
  /// The node's attributes, defaults filled in.
  public var attributes: Attributes { part.plan._withUnsafeGuaranteedRef { $0.request.attributes } }
  /// The whole shape of input `index`.
  public func inputShape(_ index: Int) -> Shape { part.plan._withUnsafeGuaranteedRef { $0.request.inputs[index] } }
  /// The whole shape of output `index`.
  public func outputShape(_ index: Int) -> Shape { part.plan._withUnsafeGuaranteedRef { $0.request.outputs[index] } }

  /// The elements of input `index`; empty when the signature does not say that backward reads it.
  @_lifetime(copy self)
  public func input(_ index: Int) -> Span<Float> {
    _overrideLifetime(
      Span(_unsafeElements: part.elements(part.call.pointee.inputs, index, of: .inputs)), copying: self)
  }

  /// The elements of parameter `index`.
  @_lifetime(copy self)
  public func parameter(_ index: Int) -> Span<Float> {
    _overrideLifetime(
      Span(_unsafeElements: part.elements(part.call.pointee.parameters, index, of: .parameters)), copying: self)
  }

  /// The elements of output `index`; empty when the signature does not say that backward reads it.
  @_lifetime(copy self)
  public func output(_ index: Int) -> Span<Float> {
    _overrideLifetime(
      Span(_unsafeElements: UnsafeBufferPointer(part.elements(part.call.pointee.outputs, index, of: .outputs))),
      copying: self)
  }

  /// The gradient of output `index`.
  @_lifetime(copy self)
  public func outputGradient(_ index: Int) -> Span<Float> {
    _overrideLifetime(
      Span(_unsafeElements: part.elements(part.call.pointee.grad_outputs, index, of: .outputs)), copying: self)
  }

  /// Whether the gradient of input `index` is wanted.
  public func wantsInputGradient(_ index: Int) -> Bool {
    !part.elements(part.call.pointee.grad_inputs, index, of: .inputs).isEmpty
  }
  /// Whether the gradient of parameter `index` is wanted.
  public func wantsParameterGradient(_ index: Int) -> Bool {
    !part.elements(part.call.pointee.grad_parameters, index, of: .parameters).isEmpty
  }

  /// The gradient of input `index`, to be added to; empty when it is not wanted.
  @_lifetime(&self)
  public mutating func inputGradient(_ index: Int) -> MutableSpan<Float> {
    _overrideLifetime(
      MutableSpan(_unsafeElements: part.elements(part.call.pointee.grad_inputs, index, of: .inputs)), mutating: &self)
  }

  /// The gradient of parameter `index`, to be added to; empty when it is not wanted.
  @_lifetime(&self)
  public mutating func parameterGradient(_ index: Int) -> MutableSpan<Float> {
    _overrideLifetime(
      MutableSpan(_unsafeElements: part.elements(part.call.pointee.grad_parameters, index, of: .parameters)),
      mutating: &self)
  }
}
