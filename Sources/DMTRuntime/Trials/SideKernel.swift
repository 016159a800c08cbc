import CDMTPlugin
import DMTCore

/// A second kernel for a node of a program: it reads the program's tensors and writes memory of its own.
final class SideKernel {
  let backend: String
  let step: ProgramStep
  private let kernel: any Kernel
  private let memory: SideMemory
  private let outputs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let backwardOutputs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let gradInputs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let gradParameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let saved: UnsafeMutableRawPointer?
  private let scratch: UnsafeMutableRawPointer?
  /// Elements of every input and output.
  let inputCounts: [Int]
  let outputCounts: [Int]

  /// Binds the node of step `index` of `program` to `backend`.
  ///
  /// - Throws: what the backend's bind throws, with the node.
  init(_ index: Int, of program: Program, request: KernelRequest, backend: any Backend) throws(DMTError) {
    let step = program.steps[index]
    let bound: any Kernel
    do throws(DMTError) { bound = try backend.bind(request) } catch {
      throw error.at(.init(component: backend.name, phase: "bind", node: step.name))
    }
    let node = step.node
    let bytes = program.dtype.byteCount
    func counts(_ values: [Int]) -> [Int] {
      values.map { program.graph.values[$0].shape.elements(batch: program.batch) }
    }
    let (inputCounts, outputCounts) = (counts(node.inputs), counts(node.outputs))
    let memory = SideMemory()
    let own = outputCounts.map { memory.zeros($0 * bytes) }
    outputs = memory.pointers(own)
    backwardOutputs = memory.pointers(
      own.indices.map { node.signature.backwardReadsOutputs & (1 << UInt64($0)) != 0 ? own[$0] : nil })
    gradInputs = memory.pointers(
      inputCounts.indices.map { step.gradInputs[$0] == nil ? nil : memory.zeros(inputCounts[$0] * bytes) })
    gradParameters = memory.pointers(node.parameters.map { memory.zeros(program.parameters.count($0) * bytes) })
    saved = bound.savedBytes > 0 ? memory.zeros(bound.savedBytes) : nil
    scratch = bound.scratchBytes > 0 ? memory.zeros(bound.scratchBytes) : nil
    self.backend = backend.name
    self.step = step
    kernel = bound
    self.inputCounts = inputCounts
    self.outputCounts = outputCounts
    self.memory = memory
  }

  /// Its own outputs.
  func output(_ index: Int) -> UnsafeMutableRawPointer? { outputs[index] }
  /// Its own gradient of an input; nil when the program does not want one.
  func gradient(ofInput index: Int) -> UnsafeMutableRawPointer? { gradInputs[index] }
  /// Its own gradient of a parameter.
  func gradient(ofParameter index: Int) -> UnsafeMutableRawPointer? { gradParameters[index] }

  /// Computes its own outputs from the program's inputs.
  ///
  /// - Parameter version: of the parameters, instead of the program's: another number makes what was packed stale.
  func forward(version: UInt64? = nil) throws(DMTError) {
    var call = step.forwardCall.pointee
    call.outputs = UnsafePointer(outputs)
    call.saved = saved
    call.scratch = scratch
    if let version { call.parameter_version = version }
    do throws(DMTError) { try kernel.forward(&call) } catch {
      throw error.at(.init(component: backend, phase: "forward", node: step.name))
    }
  }

  /// Computes its own gradients from the program's inputs and parameters.
  ///
  /// - Parameters:
  ///   - gradOutputs: gradients of the outputs; nil: the program's.
  ///   - readsOwnOutputs: backward reads this kernel's outputs instead of the program's.
  func backward(
    gradOutputs: UnsafePointer<UnsafeRawPointer?>? = nil, readsOwnOutputs: Bool, version: UInt64? = nil
  ) throws(DMTError) {
    var call = step.backwardCall.pointee
    if readsOwnOutputs { call.outputs = UnsafePointer(backwardOutputs) }
    if let gradOutputs { call.grad_outputs = gradOutputs }
    call.grad_inputs = UnsafePointer(gradInputs)
    call.grad_parameters = UnsafePointer(gradParameters)
    call.saved = saved
    call.scratch = scratch
    if let version { call.parameter_version = version }
    do throws(DMTError) { try kernel.backward(&call) } catch {
      throw error.at(.init(component: backend, phase: "backward", node: step.name))
    }
  }
}

/// Memory that is freed with this object.
final class SideMemory {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit {
    for block in blocks { block.deallocate() }
  }

  /// At least one byte, zero, aligned as an arena's buffers are.
  func zeros(_ bytes: Int) -> UnsafeMutableRawPointer {
    let block = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: ArenaPlan.alignment)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: max(bytes, 1))
    blocks.append(block)
    return block
  }

  /// An array of pointers; room for one when there is none.
  func pointers(_ values: [UnsafeMutableRawPointer?]) -> UnsafeMutablePointer<UnsafeMutableRawPointer?> {
    let block = zeros(max(values.count, 1) * MemoryLayout<UnsafeMutableRawPointer?>.stride)
      .bindMemory(to: UnsafeMutableRawPointer?.self, capacity: max(values.count, 1))
    block.initialize(repeating: nil, count: max(values.count, 1))
    for (index, value) in values.enumerated() { block[index] = value }
    return block
  }
}
