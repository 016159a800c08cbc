package import DMTCore

/// Updates the parts of dense parameters that one store keeps.
package final class DenseOptimizer {
  /// A state of a part of a parameter, as large as the part.
  package struct State {
    package var state: OptimizerSpec.State
    package var part: ParameterPart
    package var memory: UnsafeMutableRawPointer

    /// Index in the store.
    package var parameter: Int { part.parameter }
  }

  package let states: [State]
  private let parameters: ParameterStore
  private let engine: UpdateEngine?
  private let memory: [MeteredMemory]

  /// - Parameter meter: counts the states.
  /// - Throws: ``DMTError/Code/unsupported`` when no backend serves the optimizer.
  package init(
    _ parameters: ParameterStore, optimizer: OptimizerSpec, settings: Model.Settings, components: Components,
    meter: MemoryMeter? = nil
  ) throws(DMTError) {
    self.parameters = parameters
    var memory: [MeteredMemory] = []
    var states: [State] = []
    var tensors: [UpdateEngine.Tensor] = []
    for part in parameters.parts {
      var own: [UnsafeMutableRawPointer] = []
      for state in try optimizer.states() {
        let zeros = MeteredMemory(
          byteCount: part.elements.count * settings.dtype.byteCount, .states, meter: meter)
        state.writeInitialValue(to: zeros.base, count: part.elements.count, settings.dtype)
        memory.append(zeros)
        own.append(zeros.base)
        states.append(State(state: state, part: part, memory: zeros.base))
      }
      tensors.append(
        .init(parameter: part.value, gradient: part.gradient, states: own, count: part.elements.count))
    }
    self.memory = memory
    self.states = states
    engine =
      tensors.isEmpty
      ? nil : try UpdateEngine(tensors, optimizer: optimizer, settings: settings, components: components)
  }

  /// The sum of the squares of the gradients of all parts.
  package func squares() -> Double {
    parameters.parts.reduce(0) { $0 + GradientNorm.squares($1.gradient, $1.elements.count, parameters.dtype) }
  }

  /// One update from the gradients in the store; what kernels packed of the parameters is stale afterwards.
  package func update(learningRate: Double, gradientScale: Double, step: Int) throws(DMTError) {
    try engine?.update(learningRate: learningRate, gradientScale: gradientScale, step: step)
    parameters.version += 1
  }
}
