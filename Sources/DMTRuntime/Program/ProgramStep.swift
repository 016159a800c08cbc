import CDMTPlugin
import DMTCore
import DMTPluginHost

/// One node of a program: its plan and its calls, whose memory is made once and used again every step.
final class ProgramStep {
  let name: String
  /// The name for the report of a crash.
  let crashName: UnsafePointer<CChar>
  /// The backend that serves it.
  let backend: String
  let kernel: any Kernel
  let node: Graph.Node
  let forwardCall: UnsafeMutablePointer<dmt_kernel_call>
  let backwardCall: UnsafeMutablePointer<dmt_kernel_call>
  let inputs: UnsafeMutablePointer<UnsafeRawPointer?>
  let parameters: UnsafeMutablePointer<UnsafeRawPointer?>
  let outputs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  let backwardInputs: UnsafeMutablePointer<UnsafeRawPointer?>
  let backwardOutputs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  let gradOutputs: UnsafeMutablePointer<UnsafeRawPointer?>
  let gradInputs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  let gradParameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  /// Backward is run.
  var runsBackward = false
  var accumulateInputs: UInt64 = 0
  /// Inputs whose gradient goes to a buffer of its own first, because another input of the node is the same tensor.
  var duplicates: [Duplicate] = []

  /// A gradient that is added to another one after the call.
  struct Duplicate {
    var input: Int
    var storage: Int
    var buffer: Int
    var elements: Int
  }

  init(node: Graph.Node, kernel: any Kernel, backend: String) {
    name = node.name
    crashName = CrashReport.text(node.name)
    self.backend = backend
    self.node = node
    self.kernel = kernel
    func readable(_ count: Int) -> UnsafeMutablePointer<UnsafeRawPointer?> {
      let memory = UnsafeMutablePointer<UnsafeRawPointer?>.allocate(capacity: max(count, 1))
      memory.initialize(repeating: nil, count: max(count, 1))
      return memory
    }
    func writable(_ count: Int) -> UnsafeMutablePointer<UnsafeMutableRawPointer?> {
      let memory = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: max(count, 1))
      memory.initialize(repeating: nil, count: max(count, 1))
      return memory
    }
    inputs = readable(node.inputs.count)
    backwardInputs = readable(node.inputs.count)
    parameters = readable(node.parameters.count)
    outputs = writable(node.outputs.count)
    backwardOutputs = writable(node.outputs.count)
    gradOutputs = readable(node.outputs.count)
    gradInputs = writable(node.inputs.count)
    gradParameters = writable(node.parameters.count)
    forwardCall = .allocate(capacity: 1)
    backwardCall = .allocate(capacity: 1)
    var call = dmt_kernel_call()
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
    call.node = FNV1a.hash32(name)
    call.parameters = UnsafePointer(parameters)
    call.inputs = UnsafePointer(inputs)
    call.outputs = UnsafePointer(outputs)
    forwardCall.initialize(to: call)
    call.inputs = UnsafePointer(backwardInputs)
    call.outputs = UnsafePointer(backwardOutputs)
    call.grad_outputs = UnsafePointer(gradOutputs)
    call.grad_inputs = UnsafePointer(gradInputs)
    call.grad_parameters = UnsafePointer(gradParameters)
    backwardCall.initialize(to: call)
  }

  deinit {
    inputs.deallocate()
    backwardInputs.deallocate()
    parameters.deallocate()
    outputs.deallocate()
    backwardOutputs.deallocate()
    gradOutputs.deallocate()
    gradInputs.deallocate()
    gradParameters.deallocate()
    forwardCall.deallocate()
    backwardCall.deallocate()
  }

  /// Sets what changes from step to step.
  func prepare(_ context: StepContext) {
    set(forwardCall, context)
    set(backwardCall, context)
  }

  private func set(_ call: UnsafeMutablePointer<dmt_kernel_call>, _ context: StepContext) {
    call.pointee.flags = context.isTraining ? UInt32(DMT_CALL_TRAINING) : 0
    call.pointee.seed = context.seed
    call.pointee.step = context.step
    call.pointee.samples = context.samples
    call.pointee.parameter_version = context.parameterVersion
  }
}

/// What a step's kernels may depend on beside their tensors.
package struct StepContext {
  package var isTraining: Bool
  package var seed: UInt64
  package var step: UInt32
  /// Global number of every sample; lives until backward has run.
  package var samples: UnsafePointer<Int64>?
  package var parameterVersion: UInt64

  package init(
    isTraining: Bool, seed: UInt64, step: UInt32, samples: UnsafePointer<Int64>?, parameterVersion: UInt64
  ) {
    self.isTraining = isTraining
    self.seed = seed
    self.step = step
    self.samples = samples
    self.parameterVersion = parameterVersion
  }
}
