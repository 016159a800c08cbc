public import DMTCore

/// The dense parameters of a graph and their gradients, each in one aligned piece of memory.
public final class ParameterStore {
  public let parameters: [Graph.Parameter]
  public let dtype: DType
  /// Changes with every update; kernels that packed a parameter see that it is stale.
  public package(set) var version: UInt64 = 1
  private let values: UnsafeMutableRawPointer
  private let gradients: UnsafeMutableRawPointer
  private let offsets: [Int]
  /// Bytes of all values.
  public let byteCount: Int

  /// Initial values follow from `seed` and the parameters' names.
  public init(_ parameters: [Graph.Parameter], dtype: DType, seed: UInt64) {
    self.parameters = parameters
    self.dtype = dtype
    var offsets: [Int] = []
    var end = 0
    for parameter in parameters {
      offsets.append(end)
      end += ArenaPlan.rounded(parameter.shape.elementsPerSample * dtype.byteCount)
    }
    self.offsets = offsets
    byteCount = end
    values = .allocate(byteCount: max(end, 1), alignment: ArenaPlan.alignment)
    gradients = .allocate(byteCount: max(end, 1), alignment: ArenaPlan.alignment)
    values.initializeMemory(as: UInt8.self, repeating: 0, count: end)
    gradients.initializeMemory(as: UInt8.self, repeating: 0, count: end)
    for (index, parameter) in parameters.enumerated() {
      let count = parameter.shape.elementsPerSample
      if dtype == .float64 {
        parameter.initializer.write(
          to: value(index).assumingMemoryBound(to: Double.self), range: 0..<count, seed: seed, name: parameter.name)
      } else {
        parameter.initializer.write(
          to: value(index).assumingMemoryBound(to: Float.self), range: 0..<count, seed: seed, name: parameter.name)
      }
    }
  }

  deinit {
    values.deallocate()
    gradients.deallocate()
  }

  /// Elements of parameter `index`.
  public func count(_ index: Int) -> Int { parameters[index].shape.elementsPerSample }
  /// The values of parameter `index`.
  public func value(_ index: Int) -> UnsafeMutableRawPointer { values + offsets[index] }
  /// The gradient of parameter `index`.
  public func gradient(_ index: Int) -> UnsafeMutableRawPointer { gradients + offsets[index] }
}
