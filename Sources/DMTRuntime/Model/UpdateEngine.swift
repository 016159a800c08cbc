import CDMTPlugin
import DMTCore

/// Updates whole tensors with one optimizer, all of them in one call.
final class UpdateEngine {
  /// A tensor that is updated.
  struct Tensor {
    var parameter: UnsafeMutableRawPointer
    var gradient: UnsafeMutableRawPointer
    var states: [UnsafeMutableRawPointer]
    var count: Int
  }

  private let kernel: any UpdateKernel
  private let call: UnsafeMutablePointer<dmt_update_call>
  private let parameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let gradients: UnsafeMutablePointer<UnsafeRawPointer?>
  private let states: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  /// An engine on the first backend of the settings' policy that serves it.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` when no backend serves the optimizer.
  init(
    _ tensors: [Tensor], optimizer: OptimizerSpec, settings: Model.Settings, components: Components
  ) throws(DMTError) {
    let request = UpdateRequest(
      dtype: settings.dtype, optimizer: optimizer, sizes: tensors.map(\.count), threads: settings.threads)
    kernel = try settings.policy.choose(request, components: components).backend.bind(request)
    let stateCount = tensors.first?.states.count ?? 0
    parameters = .allocate(capacity: max(tensors.count, 1))
    gradients = .allocate(capacity: max(tensors.count, 1))
    states = .allocate(capacity: max(tensors.count * stateCount, 1))
    for (index, tensor) in tensors.enumerated() {
      (parameters + index).initialize(to: tensor.parameter)
      (gradients + index).initialize(to: UnsafeRawPointer(tensor.gradient))
      for (position, state) in tensor.states.enumerated() {
        (states + index * stateCount + position).initialize(to: state)
      }
    }
    var call = dmt_update_call()
    call.struct_size = UInt32(MemoryLayout<dmt_update_call>.size)
    call.parameters = UnsafePointer(parameters)
    call.gradients = UnsafePointer(gradients)
    call.states = UnsafePointer(states)
    self.call = .allocate(capacity: 1)
    self.call.initialize(to: call)
  }

  deinit {
    parameters.deallocate()
    gradients.deallocate()
    states.deallocate()
    call.deallocate()
  }

  /// One update of every tensor.
  func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    call.pointee.learning_rate = learningRate
    call.pointee.gradient_scale = gradientScale
    call.pointee.step = Int64(step)
    try kernel.update(call)
  }
}
