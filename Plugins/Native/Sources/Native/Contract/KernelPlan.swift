internal import CDMTPlugin

/// Pointers of one call, checked against the plan.
struct KernelCall {
  let raw: UnsafePointer<dmt_kernel_call>

  /// Where a tensor without elements may point to.
  nonisolated(unsafe) private static let nothing = UnsafeMutablePointer<Float>.allocate(capacity: 64)

  @inline(__always)
  private func read(_ list: UnsafePointer<UnsafeRawPointer?>?, _ index: Int) -> UnsafePointer<Float> {
    list?[index]?.assumingMemoryBound(to: Float.self) ?? UnsafePointer(KernelCall.nothing)
  }

  @inline(__always) func input(_ index: Int) -> UnsafePointer<Float> { read(raw.pointee.inputs, index) }
  @inline(__always) func parameter(_ index: Int) -> UnsafePointer<Float> { read(raw.pointee.parameters, index) }
  @inline(__always) func gradOutput(_ index: Int = 0) -> UnsafePointer<Float> { read(raw.pointee.grad_outputs, index) }
  @inline(__always) func output(_ index: Int = 0) -> UnsafeMutablePointer<Float> {
    raw.pointee.outputs?[index]?.assumingMemoryBound(to: Float.self) ?? KernelCall.nothing
  }
  /// nil: not wanted.
  @inline(__always) func gradInput(_ index: Int) -> UnsafeMutablePointer<Float>? {
    raw.pointee.grad_inputs?[index]?.assumingMemoryBound(to: Float.self)
  }
  /// nil: not wanted.
  @inline(__always) func gradParameter(_ index: Int) -> UnsafeMutablePointer<Float>? {
    raw.pointee.grad_parameters?[index]?.assumingMemoryBound(to: Float.self)
  }
  @inline(__always) func addsToInput(_ index: Int) -> Bool { raw.pointee.accumulate_inputs >> UInt64(index) & 1 != 0 }
  @inline(__always) func addsToParameter(_ index: Int) -> Bool {
    raw.pointee.accumulate_parameters >> UInt64(index) & 1 != 0
  }
  @inline(__always) var saved: UnsafeMutablePointer<Float> {
    raw.pointee.saved?.assumingMemoryBound(to: Float.self) ?? KernelCall.nothing
  }
  @inline(__always) var scratch: UnsafeMutablePointer<Float> {
    raw.pointee.scratch?.assumingMemoryBound(to: Float.self) ?? KernelCall.nothing
  }
  @inline(__always) var isTraining: Bool { raw.pointee.flags & DMT_CALL_TRAINING != 0 }
}

/// An operator bound to shapes. The contract's handle is a retained reference to it.
class KernelPlan {
  let parallel: Parallel
  /// Elements of every tensor, for the checks of a call.
  private let inputElements: [Int]
  private let parameterElements: [Int]
  private let outputElements: [Int]
  /// Bit i: backward reads input i.
  var backwardReadsInputs: UInt64 { 0 }
  /// Bit i: backward reads output i.
  var backwardReadsOutputs: UInt64 { 0 }
  /// Floats that forward leaves for backward.
  var savedFloats: Int { 0 }
  /// Floats of working memory.
  var scratchFloats: Int { 0 }

  // What savedFloats and scratchFloats were when the plan was bound: working them out again takes time and may allocate.
  private var needsSaved = false
  private var needsScratch = false

  init(_ request: Request) {
    parallel = request.parallel
    inputElements = request.inputs.map(\.elements)
    parameterElements = request.parameters.map(\.elements)
    outputElements = request.outputs.map(\.elements)
  }

  /// Makes the plan ready for calls and returns the bytes of saved and of working memory that they need.
  final func prepare() -> (saved: Int64, scratch: Int64) {
    allocate()
    let (saved, scratch) = (savedFloats, scratchFloats)
    needsSaved = saved > 0
    needsScratch = scratch > 0
    return (Int64(saved * MemoryLayout<Float>.stride), Int64(scratch * MemoryLayout<Float>.stride))
  }

  /// Takes memory that lives as long as the plan; not called for a plan that only answers whether it could be made.
  func allocate() {}
  /// Writes every element of the outputs.
  func forward(_ call: KernelCall) {}
  /// Writes every gradient that is wanted.
  func backward(_ call: KernelCall) {}

  /// Throws when a pointer that forward needs is missing.
  final func checkForward(_ call: KernelCall) -> StaticString? {
    let raw = call.raw.pointee
    if isMissing(inputElements, raw.inputs) { return "forward: an input is NULL" }
    if isMissing(parameterElements, raw.parameters) { return "forward: a parameter is NULL" }
    if isMissing(outputElements, raw.outputs) { return "forward: an output is NULL" }
    return checkMemory(raw)
  }

  /// What backward lacks.
  final func checkBackward(_ call: KernelCall) -> StaticString? {
    let raw = call.raw.pointee
    if isMissing(inputElements, raw.inputs, mask: backwardReadsInputs) {
      return "backward: an input that it reads is NULL"
    }
    if isMissing(parameterElements, raw.parameters) { return "backward: a parameter is NULL" }
    if isMissing(outputElements, raw.outputs, mask: backwardReadsOutputs) {
      return "backward: an output that it reads is NULL"
    }
    if isMissing(outputElements, raw.grad_outputs) { return "backward: the gradient of an output is NULL" }
    return checkMemory(raw)
  }

  private final func checkMemory(_ raw: dmt_kernel_call) -> StaticString? {
    if needsSaved, raw.saved == nil { return "saved is NULL" }
    if needsScratch, raw.scratch == nil { return "scratch is NULL" }
    return nil
  }

  private final func isMissing(
    _ elements: [Int], _ pointers: UnsafePointer<UnsafeRawPointer?>?, mask: UInt64 = .max
  ) -> Bool {
    for index in 0..<elements.count where elements[index] > 0 && (index > 63 || mask >> UInt64(index) & 1 != 0) {
      if pointers?[index] == nil { return true }
    }
    return false
  }

  private final func isMissing(
    _ elements: [Int], _ pointers: UnsafePointer<UnsafeMutableRawPointer?>?, mask: UInt64 = .max
  ) -> Bool {
    for index in 0..<elements.count where elements[index] > 0 && (index > 63 || mask >> UInt64(index) & 1 != 0) {
      if pointers?[index] == nil { return true }
    }
    return false
  }
}

/// Memory of a plan, aligned as the host aligns its own.
struct PlanMemory {
  let floats: UnsafeMutablePointer<Float>

  init(count: Int) {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
    floats = memory.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  func release() { UnsafeMutableRawPointer(floats).deallocate() }
}

/// A count of floats rounded up to whole cache lines, so that neighbours in scratch stay aligned.
@inline(__always)
func wholeLines(_ floats: Int) -> Int { (floats &+ 15) / 16 * 16 }
