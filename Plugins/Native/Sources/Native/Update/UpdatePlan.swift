internal import CDMTPlugin

/// `dmt.update/1`: one optimizer on all dense tensors of a rank, in one loop over chunks of all of them.
final class UpdatePlan {
  private let settings: OptimizerSettings
  private let parallel: Parallel
  private let tensorCount: Int
  /// The first chunk of every tensor, and their number.
  private let chunkStarts: UnsafeMutablePointer<Int>
  private let sizes: UnsafeMutablePointer<Int>

  /// Floats of a chunk.
  private static let chunk = 8192

  init(_ raw: UnsafePointer<dmt_update_request>) throws(Failure) {
    let request = raw.pointee
    guard request.dtype.code == UInt8(DMT_DTYPE_FLOAT), request.dtype.bits == 32, request.dtype.lanes == 1 else {
      throw .unserved("parameters are not float32, the only type of these kernels")
    }
    settings = try OptimizerSettings(name: request.optimizer.string, NamedAttributes(request.attributes))
    guard settings.kind != .rowwiseAdagrad, settings.kind != .lazyAdam else {
      throw .unserved("optimizer \(request.optimizer.string) is for the rows of tables")
    }
    guard request.tensor_count >= 0, request.tensor_count == 0 || request.sizes != nil else {
      throw .invalid("\(request.tensor_count) tensors without sizes")
    }
    for index in 0..<Int(request.tensor_count) where request.sizes[index] < 0 || request.sizes[index] > 1 << 46 {
      throw .invalid("tensor \(index) has the impossible size \(request.sizes[index])")
    }
    tensorCount = Int(request.tensor_count)
    parallel = Parallel(threads: request.threads)
    sizes = .allocate(capacity: tensorCount + 1)
    chunkStarts = .allocate(capacity: tensorCount + 1)
    var next = 0
    for index in 0..<tensorCount {
      sizes[index] = Int(request.sizes[index])
      chunkStarts[index] = next
      next += (sizes[index] + UpdatePlan.chunk - 1) / UpdatePlan.chunk
    }
    chunkStarts[tensorCount] = next
  }

  deinit {
    sizes.deallocate()
    chunkStarts.deallocate()
  }

  private struct Job: BitwiseCopyable {
    let rule: OptimizerRule
    let tensorCount: Int
    let stateCount: Int
    let chunkStarts: UnsafePointer<Int>
    let sizes: UnsafePointer<Int>
    let parameters: UnsafePointer<UnsafeMutableRawPointer?>
    let gradients: UnsafePointer<UnsafeRawPointer?>
    let states: UnsafePointer<UnsafeMutableRawPointer?>?
  }

  /// Updates all tensors; what is missing, or nil.
  func update(_ call: dmt_update_call) -> StaticString? {
    guard call.step >= 1 else { return "update: steps count from 1" }
    if chunkStarts[tensorCount] == 0 { return nil }
    guard let parameters = call.parameters, let gradients = call.gradients else {
      return "update: the parameters or their gradients are NULL"
    }
    let stateCount = settings.stateCount
    if stateCount > 0, call.states == nil { return "update: the optimizer's states are NULL" }
    for index in 0..<tensorCount where sizes[index] > 0 {
      if parameters[index] == nil || gradients[index] == nil { return "update: a parameter or its gradient is NULL" }
      for state in 0..<stateCount where call.states?[index * stateCount + state] == nil {
        return "update: a state of the optimizer is NULL"
      }
    }
    let job = Job(
      rule: OptimizerRule(
        settings, learningRate: call.learning_rate, gradientScale: call.gradient_scale, step: call.step),
      tensorCount: tensorCount, stateCount: stateCount, chunkStarts: chunkStarts, sizes: sizes,
      parameters: parameters, gradients: gradients, states: call.states)
    parallel.run(job, count: chunkStarts[tensorCount], grain: 2) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      var tensor = 0
      for chunk in Int(begin)..<Int(end) {
        while job.chunkStarts[tensor &+ 1] <= chunk { tensor &+= 1 }
        UpdatePlan.update(job, tensor, (chunk &- job.chunkStarts[tensor]) &* UpdatePlan.chunk)
      }
    }
    return nil
  }

  private static func update(_ job: Job, _ tensor: Int, _ first: Int) {
    guard let parameter = job.parameters[tensor], let gradient = job.gradients[tensor] else { return }
    let weights = parameter.assumingMemoryBound(to: Float.self) + first
    func state(_ index: Int) -> UnsafeMutablePointer<Float> {
      guard index < job.stateCount, let states = job.states, let state = states[tensor &* job.stateCount &+ index] else {
        return weights
      }
      return state.assumingMemoryBound(to: Float.self) + first
    }
    job.rule.apply(
      min(chunk, job.sizes[tensor] &- first), weights, gradient.assumingMemoryBound(to: Float.self) + first, state(0),
      state(1))
  }
}
