internal import CDMTPlugin
internal import DMTCases
internal import DMTCore

/// A call of a plan with all its memory, to be made wrong in one place.
final class CallMemory {
  private(set) var call = dmt_kernel_call()
  private let memory: TestMemory
  private let lists: [PointerList]

  init(_ subject: KernelSubject, _ plan: dmt_kernel_plan) {
    let request = subject.workload.request
    let memory = TestMemory()
    self.memory = memory
    func blocks(_ shapes: [Shape], _ what: String) -> [UnsafeMutableRawPointer?] {
      shapes.enumerated().map { index, shape in
        memory.input("\(what) \(index)", subject.workload.values(shape, "\(what) \(index)"), request.dtype).pointer
      }
    }
    lists = [
      PointerList(blocks(request.inputs, "input")), PointerList(blocks(request.parameters, "parameter")),
      PointerList(blocks(request.outputs, "output")), PointerList(blocks(request.outputs, "output gradient")),
      PointerList(blocks(request.inputs, "input gradient")), PointerList(blocks(request.parameters, "gradient")),
    ]
    let batch = max(1, subject.workload.batch)
    let samples = memory.input("samples", elements: (0..<Int64(batch)).map { $0 })
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
    call.flags = UInt32(DMT_CALL_TRAINING)
    call.inputs = lists[0].constant
    call.parameters = lists[1].constant
    call.outputs = lists[2].mutable
    call.grad_outputs = lists[3].constant
    call.grad_inputs = lists[4].mutable
    call.grad_parameters = lists[5].mutable
    call.saved = memory.working("saved", byteCount: Int(plan.saved_bytes)).pointer
    call.scratch = memory.working("scratch", byteCount: Int(plan.scratch_bytes)).pointer
    call.parameter_version = 1
    call.samples = samples.pointer.map { UnsafePointer($0.assumingMemoryBound(to: Int64.self)) }
  }
}
