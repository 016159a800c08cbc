import CDMTPlugin
import DMTCore

/// The tensors of one call, read through the contract's struct.
///
/// A pointer that the operator needs and that is NULL is an error, not a trap; a tensor without elements may be NULL.
struct Arguments<Scalar: ReferenceScalar> {
  private let call: dmt_kernel_call
  private let bound: BoundSizes

  init(_ call: dmt_kernel_call, _ bound: BoundSizes) {
    self.call = call
    self.bound = bound
  }

  /// Dropout drops.
  var isTraining: Bool { call.flags & UInt32(DMT_CALL_TRAINING) != 0 }
  var seed: UInt64 { call.seed }
  var step: UInt32 { call.step }
  var node: UInt32 { call.node }

  /// Global numbers of the samples.
  func samples() throws(DMTError) -> UnsafePointer<Int64> {
    guard let samples = call.samples else { throw missing("the sample numbers") }
    return samples
  }

  func input(_ index: Int) throws(DMTError) -> UnsafePointer<Scalar> {
    try constant(call.inputs?[index], "input \(index)", count: bound.inputs[index])
  }

  func parameter(_ index: Int) throws(DMTError) -> UnsafePointer<Scalar> {
    try constant(call.parameters?[index], "parameter \(index)", count: bound.parameters[index])
  }

  func output() throws(DMTError) -> UnsafeMutablePointer<Scalar> {
    try mutable(call.outputs?[0], "output 0", count: bound.output)
  }

  func outputGradient() throws(DMTError) -> UnsafePointer<Scalar> {
    try constant(call.grad_outputs?[0], "the gradient of output 0", count: bound.output)
  }

  /// Where the gradient of input `index` goes; nil: it is not wanted.
  func inputGradient(_ index: Int) -> GradientTarget<Scalar>? {
    guard let pointer = call.grad_inputs?[index] else { return nil }
    return GradientTarget(
      base: pointer.assumingMemoryBound(to: Scalar.self), accumulates: Self.bit(index, of: call.accumulate_inputs))
  }

  /// Where the gradient of parameter `index` goes; nil: it is not wanted.
  func parameterGradient(_ index: Int) -> GradientTarget<Scalar>? {
    guard let pointer = call.grad_parameters?[index] else { return nil }
    return GradientTarget(
      base: pointer.assumingMemoryBound(to: Scalar.self), accumulates: Self.bit(index, of: call.accumulate_parameters))
  }

  /// What forward leaves for backward.
  func saved() throws(DMTError) -> UnsafeMutablePointer<Double> {
    try mutable(call.saved, "the saved memory", count: bound.savedCount)
  }

  /// Working memory of this call.
  func scratch() throws(DMTError) -> UnsafeMutablePointer<Double> {
    try mutable(call.scratch, "the scratch memory", count: bound.scratchCount)
  }

  /// A variadic operator may have more inputs than the mask has bits; those past it are overwritten.
  private static func bit(_ index: Int, of mask: UInt64) -> Bool { index < 64 && mask >> UInt64(index) & 1 == 1 }

  private func constant(
    _ pointer: UnsafeRawPointer?, _ what: String, count: Int
  ) throws(DMTError) -> UnsafePointer<Scalar> {
    if let pointer { return pointer.assumingMemoryBound(to: Scalar.self) }
    guard count == 0, let nothing = UnsafePointer<Scalar>(bitPattern: 64) else { throw missing(what) }
    return nothing
  }

  private func mutable<Element>(
    _ pointer: UnsafeMutableRawPointer?, _ what: String, count: Int
  ) throws(DMTError) -> UnsafeMutablePointer<Element> {
    if let pointer { return pointer.assumingMemoryBound(to: Element.self) }
    guard count == 0, let nothing = UnsafeMutablePointer<Element>(bitPattern: 64) else { throw missing(what) }
    return nothing
  }

  private func missing(_ what: String) -> DMTError {
    DMTError(.invalidArgument, "operator \(bound.op) was called without \(what)")
  }
}

/// Elements of the tensors of a plan.
struct BoundSizes {
  let op: String
  let inputs: [Int]
  let parameters: [Int]
  let output: Int
  /// Doubles.
  let savedCount: Int
  /// Doubles.
  let scratchCount: Int
}

/// The gradient of one tensor, overwritten or added to.
struct GradientTarget<Scalar: ReferenceScalar> {
  let base: UnsafeMutablePointer<Scalar>
  let accumulates: Bool

  /// Writes `value` as the gradient of element `index`; to be called once for every element.
  @inline(__always)
  func write(_ index: Int, _ value: Double) {
    base[index] = Scalar(accumulates ? base[index].double + value : value)
  }
}
