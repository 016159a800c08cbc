public import DMTCore
import DMTSafetensors
import Foundation

/// Writes checkpoints: safetensors files with the parameters under their names, the optimizer's states as
/// `optimizer/PARAMETER/STATE`, and the ``CheckpointState`` in the metadata.
///
/// The file replaces its predecessor as a whole, once it is on the device; until then, and after any failure, the
/// predecessor is there unchanged.
public enum CheckpointWriter {
  /// Begins the names of optimizer states; a parameter may not start with it.
  static let statePrefix = "optimizer/"
  /// The metadata key under which the state's JSON stands.
  static let stateKey = "dmt.checkpoint"

  /// Writes the checkpoint at `path`.
  ///
  /// - Parameter includesOptimizer: false leaves the optimizer's states out, for weights that are only evaluated.
  /// - Throws: ``DMTError/Code/io`` when the device is full or refuses a write, ``DMTError/Code/invalidArgument`` when two
  ///   tensors share a name.
  public static func write(
    _ parameters: [TrainableParameter], state: CheckpointState, to path: String, includesOptimizer: Bool = true
  ) throws(DMTError) {
    var state = state
    state.formatVersion = CheckpointState.currentFormatVersion
    var tensors: [SafetensorsTensor] = []
    for parameter in parameters {
      let name = parameter.tensor.name
      guard !name.hasPrefix(statePrefix) else {
        throw DMTError(
          .invalidArgument, "parameter '\(name)' has a name that checkpoints keep for optimizer states",
          place: .init(file: path, node: name), remedy: "give the module another name")
      }
      tensors.append(tensor(parameter.tensor, name: name))
      if includesOptimizer {
        for entry in parameter.states { tensors.append(tensor(entry, name: stateName(parameter, entry))) }
      }
      state.operatorRevisions[name] = revision(parameter)
    }
    let metadata = [stateKey: try text(state, path: path)]
    try AtomicFile.replace(path) { (descriptor) throws(DMTError) in
      try SafetensorsWriter.write(tensors, metadata: metadata, to: descriptor, path: path)
    }
  }

  /// `optimizer/PARAMETER/STATE`.
  static func stateName(_ parameter: TrainableParameter, _ state: NamedTensor) -> String {
    "\(statePrefix)\(parameter.tensor.name)/\(state.name)"
  }

  /// `linear/1`.
  static func revision(_ parameter: TrainableParameter) -> String {
    "\(parameter.operatorName)/\(parameter.operatorRevision)"
  }

  private static func tensor(_ tensor: NamedTensor, name: String) -> SafetensorsTensor {
    SafetensorsTensor(
      name: name, dtype: tensor.dtype.safetensors, shape: tensor.shape, bytes: UnsafeRawBufferPointer(tensor.bytes))
  }

  private static func text(_ state: CheckpointState, path: String) throws(DMTError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(state), as: UTF8.self)
    } catch {
      throw DMTError(
        .internalError, "the training state cannot be written as JSON: \(error)", place: .init(file: path))
    }
  }
}

extension DType {
  /// The same type in a safetensors file.
  var safetensors: SafetensorsDType {
    switch self {
    case .float32: .f32
    case .float64: .f64
    case .int32: .i32
    case .int64: .i64
    }
  }
}
