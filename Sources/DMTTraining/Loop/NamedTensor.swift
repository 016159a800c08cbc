public import DMTCore

/// A tensor in the model's memory, by name.
///
/// The memory is the model's and lives as long as the model; the tensor may be read and written between two steps.
public struct NamedTensor: @unchecked Sendable {
  /// The parameter's full name (`top.0.weight`), or the name of an optimizer state (`exp_avg`).
  public var name: String
  /// The element type.
  public var dtype: DType
  /// The extents, outermost first; empty for a scalar.
  public var shape: [Int]
  /// The elements, row-major.
  public var bytes: UnsafeMutableRawBufferPointer

  /// Names the memory at `bytes`.
  public init(name: String, dtype: DType, shape: [Int], bytes: UnsafeMutableRawBufferPointer) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  /// Names `count` floats at `pointer`, `count` being the product of `shape`.
  public init(name: String, shape: [Int], floats pointer: UnsafeMutablePointer<Float>) {
    let count = shape.reduce(1, *)
    self.init(
      name: name, dtype: .float32, shape: shape,
      bytes: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: pointer, count: count)))
  }
}

/// A parameter with all that a checkpoint keeps of it.
public struct TrainableParameter: Sendable {
  /// The values.
  public var tensor: NamedTensor
  /// The optimizer's states, by their canonical names.
  public var states: [NamedTensor]
  /// The operator that reads the parameter, `linear`; empty where none is known.
  public var operatorName: String
  /// Revision of that operator's semantics.
  public var operatorRevision: Int

  /// A parameter with its states.
  public init(tensor: NamedTensor, states: [NamedTensor] = [], operatorName: String = "", operatorRevision: Int = 1) {
    self.tensor = tensor
    self.states = states
    self.operatorName = operatorName
    self.operatorRevision = operatorRevision
  }
}
