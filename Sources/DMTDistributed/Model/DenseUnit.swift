import DMTCore
import DMTRuntime

/// A part of a model's graph with the parameters that ranks of one group hold alike: a tower's module, or the over-arch.
final class DenseUnit {
  /// What programs of the unit compute, in the part's values.
  let part: GraphPart
  let parameters: ParameterStore
  let optimizer: DenseOptimizer?
  /// Where the ranks keep parts of the parameters; nil: each keeps all.
  let sharded: ShardedParameters?
  private let settings: Model.Settings
  private let components: Components
  private let arena = Arena()
  private let trainOutputs: [Int]
  private let predictOutputs: [Int]
  private var trainPrograms: [Int: Program] = [:]
  private var predictPrograms: [Int: Program] = [:]

  /// - Parameters:
  ///   - trainOutputs: values of the whole graph that training needs; `predictOutputs` those that prediction needs.
  ///   - inputs: values of the whole graph that are given from outside.
  ///   - meter: counts the unit's memory.
  ///   - groups: the ranks that keep parts of the parameters; nil: each keeps all.
  init(
    graph: Graph, inputs: [Int], trainOutputs: [Int], predictOutputs: [Int], settings: Model.Settings,
    components: Components, meter: MemoryMeter, groups: ShardGroups? = nil
  ) throws(DMTError) {
    let part = graph.part(outputs: trainOutputs + predictOutputs, inputs: inputs)
    self.part = part
    self.settings = settings
    self.components = components
    self.trainOutputs = trainOutputs.compactMap { part.values[$0] }
    self.predictOutputs = predictOutputs.compactMap { part.values[$0] }
    let sharded = try groups.map { groups throws(DMTError) in
      try ShardedParameters(part.graph, groups: groups, dtype: settings.dtype, seed: settings.seed, meter: meter)
    }
    self.sharded = sharded
    let parameters =
      sharded?.store
      ?? ParameterStore(part.graph.parameters, dtype: settings.dtype, seed: settings.seed, meter: meter)
    self.parameters = parameters
    optimizer = try settings.optimizer.map { optimizer throws(DMTError) in
      try DenseOptimizer(parameters, optimizer: optimizer, settings: settings, components: components, meter: meter)
    }
  }

  /// The unit's index of a value of the whole graph.
  func value(_ whole: Int) -> Int? { part.values[whole] }

  /// The program for a number of samples; bound on first use.
  func program(_ batch: Int, isTraining: Bool) throws(DMTError) -> Program {
    if let known = isTraining ? trainPrograms[batch] : predictPrograms[batch] { return known }
    let program = try Program(
      .init(
        graph: part.graph, outputs: isTraining ? trainOutputs : predictOutputs, batch: batch, isTraining: isTraining,
        dtype: settings.dtype, threads: settings.threads, policy: settings.policy), components: components,
      parameters: parameters, arena: arena)
    if isTraining { trainPrograms[batch] = program } else { predictPrograms[batch] = program }
    return program
  }

  /// What kernels of the unit may depend on beside their tensors.
  func context(_ flow: FlowContext, samples: UnsafePointer<Int64>) -> StepContext {
    StepContext(
      isTraining: flow.isTraining, seed: settings.seed, step: UInt32(truncatingIfNeeded: flow.step), samples: samples,
      parameterVersion: parameters.version)
  }
}
