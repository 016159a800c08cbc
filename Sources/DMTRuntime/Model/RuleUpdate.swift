import CDMTPlugin
import DMTCore

/// Dense parameters under an optimizer that brings its own rule.
struct RuleUpdate: UpdateBackend {
  let rule: OptimizerSpec.Rule

  var name: String { rule.optimizer.name }

  func support(for request: UpdateRequest) -> KernelSupport {
    KernelSupport(score: 100, reason: rule.optimizer.summary)
  }

  func bind(_ request: UpdateRequest) throws(DMTError) -> any UpdateKernel {
    let optimizer = rule.optimizer
    guard optimizer.servesDense, !rule.layout.states.contains(where: { $0.isRowwise }) else {
      throw DMTError(.unsupported, "optimizer \(optimizer.name) updates tables only")
    }
    let kernel = try optimizer.bind(
      OptimizerRequest(dtype: request.dtype, attributes: request.optimizer.attributes, threads: request.threads))
    return RuleUpdateKernel(kernel, sizes: request.sizes, stateCount: rule.layout.states.count)
  }
}

/// A bound rule on all its tensors, one after the other; allocates nothing while it runs.
private final class RuleUpdateKernel: UpdateKernel {
  private let kernel: any OptimizerKernel
  private let sizes: [Int]
  private let stateCount: Int
  private let elements: UnsafeMutablePointer<dmt_optimizer_elements>

  init(_ kernel: any OptimizerKernel, sizes: [Int], stateCount: Int) {
    self.kernel = kernel
    self.sizes = sizes
    self.stateCount = stateCount
    elements = .allocate(capacity: 1)
    elements.initialize(to: dmt_optimizer_elements())
    elements.pointee.struct_size = UInt32(MemoryLayout<dmt_optimizer_elements>.size)
  }

  deinit { elements.deallocate() }

  func update(_ call: UnsafePointer<dmt_update_call>) throws(DMTError) {
    elements.pointee.learning_rate = call.pointee.learning_rate
    elements.pointee.gradient_scale = call.pointee.gradient_scale
    elements.pointee.step = call.pointee.step
    for (tensor, size) in sizes.enumerated() where size > 0 {
      elements.pointee.count = Int64(size)
      elements.pointee.parameters = call.pointee.parameters[tensor]
      elements.pointee.gradients = call.pointee.gradients[tensor]
      elements.pointee.states = stateCount == 0 ? nil : call.pointee.states + tensor * stateCount
      try kernel.updateElements(elements)
    }
  }
}
