public import DMTCore

/// The dense parameters of a graph and their gradients: where kernels find them, and which parts are kept and updated here.
///
/// In one process both are the same memory. A rank that shares a model's parameters with others keeps parts of them, and
/// kernels read and write memory into which whole parameters are brought for a while.
public final class ParameterStore {
  public let parameters: [Graph.Parameter]
  public let dtype: DType
  /// Changes with every update; kernels that packed a parameter see that it is stale.
  public package(set) var version: UInt64 = 1
  /// What is kept from step to step; optimizers update it, and checkpoints hold it.
  package let parts: [ParameterPart]
  private let values: [UnsafeMutableRawPointer]
  private let gradients: [UnsafeMutableRawPointer]
  /// What the pointers point into.
  private let memory: [MeteredMemory]

  /// Keeps all parameters whole. Initial values follow from `seed` and the parameters' names.
  public convenience init(_ parameters: [Graph.Parameter], dtype: DType, seed: UInt64) {
    self.init(parameters, dtype: dtype, seed: seed, meter: nil)
  }

  /// Keeps all parameters whole, one behind the other, and lets a meter count them.
  package convenience init(_ parameters: [Graph.Parameter], dtype: DType, seed: UInt64, meter: MemoryMeter?) {
    var offsets: [Int] = []
    var end = 0
    for parameter in parameters {
      offsets.append(end)
      end += Self.byteCount(of: parameter, dtype)
    }
    let values = MeteredMemory(byteCount: end, .parameters, meter: meter)
    let gradients = MeteredMemory(byteCount: end, .gradients, meter: meter)
    let parts = parameters.indices.map { index in
      ParameterPart(
        parameter: index, elements: 0..<parameters[index].shape.elementsPerSample,
        value: values.base + offsets[index], gradient: gradients.base + offsets[index])
    }
    self.init(
      parameters, dtype: dtype, seed: seed, values: parts.map(\.value), gradients: parts.map(\.gradient), parts: parts,
      memory: [values, gradients])
  }

  /// Lets kernels find parameter i at `values[i]` and its gradient at `gradients[i]`, and keeps `parts`, whose initial values
  /// are written.
  package init(
    _ parameters: [Graph.Parameter], dtype: DType, seed: UInt64, values: [UnsafeMutableRawPointer],
    gradients: [UnsafeMutableRawPointer], parts: [ParameterPart], memory: [MeteredMemory]
  ) {
    self.parameters = parameters
    self.dtype = dtype
    self.values = values
    self.gradients = gradients
    self.parts = parts
    self.memory = memory
    for part in parts { part.initialize(parameters[part.parameter], dtype: dtype, seed: seed) }
  }

  /// Bytes of a parameter with what keeps the one behind it aligned.
  package static func byteCount(of parameter: Graph.Parameter, _ dtype: DType) -> Int {
    ArenaPlan.rounded(parameter.shape.elementsPerSample * dtype.byteCount)
  }

  /// Elements of parameter `index`.
  public func count(_ index: Int) -> Int { parameters[index].shape.elementsPerSample }
  /// The values of parameter `index`, as kernels read them.
  public func value(_ index: Int) -> UnsafeMutableRawPointer { values[index] }
  /// The gradient of parameter `index`, as kernels write it.
  public func gradient(_ index: Int) -> UnsafeMutableRawPointer { gradients[index] }

  /// Sets all gradients to zero, as those of no samples are.
  package func clearGradients() {
    for index in parameters.indices {
      gradients[index].initializeMemory(as: UInt8.self, repeating: 0, count: count(index) * dtype.byteCount)
    }
  }
}
