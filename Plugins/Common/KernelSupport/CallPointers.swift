internal import DMTPluginKit

/// The pointers of one call, typed; an absent tensor is nil.
struct CallPointers {
  typealias Input = UnsafePointer<Float>
  typealias Output = UnsafeMutablePointer<Float>

  private var raw: UnsafePointer<dmt_kernel_call>?
  private(set) var scratch: UnsafeMutableRawPointer?

  init() {}

  init(_ call: UnsafePointer<dmt_kernel_call>) {
    raw = call
    scratch = call.pointee.scratch
  }

  var saved: Output? { raw?.pointee.saved?.assumingMemoryBound(to: Float.self) }
  var version: UInt64 { raw?.pointee.parameter_version ?? 0 }

  func input(_ index: Int) throws(DMTError) -> Input {
    guard let pointer = raw?.pointee.inputs?[index] else { throw missing("input", index) }
    return pointer.assumingMemoryBound(to: Float.self)
  }

  func parameter(_ index: Int) throws(DMTError) -> Input {
    guard let pointer = raw?.pointee.parameters?[index] else { throw missing("parameter", index) }
    return pointer.assumingMemoryBound(to: Float.self)
  }

  func output(_ index: Int) throws(DMTError) -> Output {
    guard let pointer = raw?.pointee.outputs?[index] else { throw missing("output", index) }
    return pointer.assumingMemoryBound(to: Float.self)
  }

  func outputGradient(_ index: Int) throws(DMTError) -> Input {
    guard let pointer = raw?.pointee.grad_outputs?[index] else { throw missing("gradient of output", index) }
    return pointer.assumingMemoryBound(to: Float.self)
  }

  func requiredSaved() throws(DMTError) -> Output {
    guard let saved else {
      throw DMTError(
        .invalidArgument, "the memory that forward saves for backward is missing, expected it of a training plan")
    }
    return saved
  }

  /// The scratch that all threads share.
  func requiredScratch() throws(DMTError) -> Input {
    guard let scratch else {
      throw DMTError(.invalidArgument, "the call's working memory is missing, expected what the plan asked for")
    }
    return UnsafePointer(scratch.assumingMemoryBound(to: Float.self))
  }

  /// Nil: not wanted.
  func inputGradient(_ index: Int) -> Output? {
    raw?.pointee.grad_inputs?[index]?.assumingMemoryBound(to: Float.self)
  }

  /// Nil: not wanted.
  func parameterGradient(_ index: Int) -> Output? {
    raw?.pointee.grad_parameters?[index]?.assumingMemoryBound(to: Float.self)
  }

  func hasParameterGradient(_ index: Int) -> Bool { parameterGradient(index) != nil }

  func addsToInputGradient(_ index: Int) -> Bool { (raw?.pointee.accumulate_inputs ?? 0) >> UInt64(index) & 1 == 1 }
  func addsToParameterGradient(_ index: Int) -> Bool {
    (raw?.pointee.accumulate_parameters ?? 0) >> UInt64(index) & 1 == 1
  }

  private func missing(_ what: String, _ index: Int) -> DMTError {
    DMTError(.invalidArgument, "\(what) \(index) of the call is missing, expected a pointer")
  }
}
