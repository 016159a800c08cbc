import CDMTPlugin
import DMTCore

extension CaseRunner {
  /// An optimizer on a dense parameter.
  func runDense(_ file: CaseFile, _ name: String) throws(DMTError) -> CaseResult {
    let optimizer = try file.optimizer(name)
    guard let parameter = file.parameters[CaseFile.parameterName] else { throw CaseError.invalid("it has no 'param'") }
    let request = UpdateRequest(optimizer: optimizer, sizes: [parameter.values.count], threads: threads)
    let choice = choose(updates, for: file, name: \.name, support: { $0.support(for: request) })
    guard let backend = choice.chosen else { return choice.refusal }
    do throws(DMTError) {
      let kernel = try backend.bind(request)
      let weights = GuardedBuffer(parameter.values, request.dtype)
      let states = try optimizer.states().map { _ in
        GuardedBuffer([Double](repeating: 0, count: parameter.values.count), request.dtype)
      }
      var checks: [TensorCheck] = []
      for (number, step) in file.steps.enumerated() {
        let gradient = GuardedBuffer(step.gradient.values, request.dtype)
        let lists = [PointerList([weights]), PointerList([gradient]), PointerList(states)]
        var call = dmt_update_call()
        call.struct_size = UInt32(MemoryLayout<dmt_update_call>.size)
        call.parameters = lists[0].mutable
        call.gradients = lists[1].constant
        call.states = lists[2].mutable
        call.learning_rate = optimizer.learningRate
        call.gradient_scale = 1
        call.step = Int64(number + 1)
        let before = gradient.bytes
        try withExtendedLifetime(lists) { () throws(DMTError) in try kernel.update(&call) }
        guard gradient.bytes == before else { throw DMTError(.pluginFailed, "the update changed the gradient") }
        for buffer in states + [weights, gradient] { try buffer.checkGuard("a tensor of the update") }
        checks.append(try file.compare("expected.\(number)", weights.values(request.dtype), with: step.expected))
      }
      return finished(file, servedBy: [backend.name], checks)
    } catch {
      throw error.at(DMTError.Place(plugin: backend.name))
    }
  }
}
