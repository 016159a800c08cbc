internal import CDMTPlugin

/// A weight in the order in which the product reads it, with the version of the parameters that it was packed from.
struct PackedWeights {
  private var memory: PlanMemory?
  private var version: UInt64 = 0
  private var source: UnsafePointer<Float>?

  init() {}

  init(floats: Int) { memory = PlanMemory(count: floats) }

  /// The packed weight of this call; `pack` runs when the parameters have changed since.
  mutating func current(
    _ call: KernelCall, parameter: Int = 0, pack: (UnsafeMutablePointer<Float>) -> Void
  ) -> UnsafeMutablePointer<Float> {
    // Plans are allocated before they are run; a missing packing area would be this file's own mistake.
    guard let memory else { return call.scratch }
    let weight = call.parameter(parameter)
    if source != weight || version != call.raw.pointee.parameter_version {
      pack(memory.floats)
      source = weight
      version = call.raw.pointee.parameter_version
    }
    return memory.floats
  }

  func release() { memory?.release() }
}
