package import DMTCore

/// Updates the dense parameters of one store.
package final class DenseOptimizer {
  /// A state of a parameter, as large as the parameter.
  package struct State {
    package var state: OptimizerSpec.State
    package var parameter: Int
    package var memory: UnsafeMutableRawPointer
  }

  package let states: [State]
  private let parameters: ParameterStore
  private let engine: UpdateEngine?

  /// - Throws: ``DMTError/Code/unsupported`` when no backend serves the optimizer.
  package init(
    _ parameters: ParameterStore, optimizer: OptimizerSpec, settings: Model.Settings, components: Components
  ) throws(DMTError) {
    self.parameters = parameters
    var states: [State] = []
    var tensors: [UpdateEngine.Tensor] = []
    for index in parameters.parameters.indices {
      var own: [UnsafeMutableRawPointer] = []
      for state in try optimizer.states() {
        let memory = AlignedMemory.zeros(parameters.count(index), settings.dtype)
        own.append(memory)
        states.append(State(state: state, parameter: index, memory: memory))
      }
      tensors.append(
        .init(
          parameter: parameters.value(index), gradient: parameters.gradient(index), states: own,
          count: parameters.count(index)))
    }
    self.states = states
    engine =
      tensors.isEmpty
      ? nil : try UpdateEngine(tensors, optimizer: optimizer, settings: settings, components: components)
  }

  deinit {
    for state in states { state.memory.deallocate() }
  }

  /// The sum of the squares of all gradients.
  package func squares() -> Double {
    parameters.parameters.indices.reduce(0) {
      $0 + GradientNorm.squares(parameters.gradient($1), parameters.count($1), parameters.dtype)
    }
  }

  /// One update from the gradients in the store; what kernels packed of the parameters is stale afterwards.
  package func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    try engine?.update(learningRate: learningRate, gradientScale: gradientScale, step: step)
    parameters.version += 1
  }
}
