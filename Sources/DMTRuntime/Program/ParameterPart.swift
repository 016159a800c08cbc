import DMTCore

/// Consecutive elements of a parameter that are kept and updated here, with their gradient.
package struct ParameterPart {
  /// Index in the store.
  package var parameter: Int
  /// Of the parameter's elements, row-major.
  package var elements: Range<Int>
  package var value: UnsafeMutableRawPointer
  package var gradient: UnsafeMutableRawPointer

  package init(
    parameter: Int, elements: Range<Int>, value: UnsafeMutableRawPointer, gradient: UnsafeMutableRawPointer
  ) {
    self.parameter = parameter
    self.elements = elements
    self.value = value
    self.gradient = gradient
  }

  /// Writes the elements' initial values, which follow from the seed and the parameter's name.
  func initialize(_ parameter: Graph.Parameter, dtype: DType, seed: UInt64) {
    if dtype == .float64 {
      parameter.initializer.write(
        to: value.assumingMemoryBound(to: Double.self), range: elements, seed: seed, name: parameter.name)
    } else {
      parameter.initializer.write(
        to: value.assumingMemoryBound(to: Float.self), range: elements, seed: seed, name: parameter.name)
    }
  }
}
