import CDMTPlugin
import DMTCore
import DMTReference

/// The reference with one fault, to see that the runner finds it. Operators in float32 with a first input and output.
struct FaultyBackend: Backend {
  enum Fault: CaseIterable {
    case slightlyOff
    case leavesAnElement
    case ignoresAccumulation
    case needsEveryGradient
    case changesAnInput
    case writesBehindTheOutput
    case writesBehindTheScratch
    case throwsInBackward
  }

  let fault: Fault
  let name = "faulty"

  func support(for request: KernelRequest) -> KernelSupport { ReferenceBackend().support(for: request) }

  func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel {
    FaultyKernel(
      fault, try ReferenceBackend().bind(request), outputCount: request.outputs[0].elements(batch: 0),
      inputCount: request.inputs[0].elements(batch: 0))
  }
}

private final class FaultyKernel: Kernel {
  private let fault: FaultyBackend.Fault
  private let kernel: any Kernel
  private let outputCount: Int
  private let inputCount: Int

  init(_ fault: FaultyBackend.Fault, _ kernel: any Kernel, outputCount: Int, inputCount: Int) {
    self.fault = fault
    self.kernel = kernel
    self.outputCount = outputCount
    self.inputCount = inputCount
  }

  var savedBytes: Int { kernel.savedBytes }
  var scratchBytes: Int { kernel.scratchBytes }

  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    try kernel.forward(call)
    guard let output = call.pointee.outputs?[0]?.assumingMemoryBound(to: Float.self) else { return }
    switch fault {
    case .slightlyOff: output[0] += 0.001
    case .leavesAnElement: output[outputCount - 1] = .nan
    case .writesBehindTheOutput: output[outputCount] = 0
    case .writesBehindTheScratch:
      (call.pointee.scratch + scratchBytes).storeBytes(of: 0, as: UInt8.self)
    case .changesAnInput:
      let input = call.pointee.inputs?[0]
      UnsafeMutableRawPointer(mutating: input)?.assumingMemoryBound(to: Float.self)[inputCount - 1] += 1
    default: break
    }
  }

  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    var changed = call.pointee
    switch fault {
    case .ignoresAccumulation: changed.accumulate_parameters = 0
    case .needsEveryGradient where call.pointee.grad_inputs?[0] == nil: return
    case .throwsInBackward: throw DMTError(.pluginFailed, "out of order")
    default: break
    }
    try kernel.backward(&changed)
  }
}
