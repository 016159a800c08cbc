public import DMTCore
import DMTSafetensors
import Foundation

/// A checkpoint that was opened and checked, but not yet taken over by a model.
public struct Checkpoint: Sendable {
  /// The path as it was given.
  public let path: String
  /// Where the run stood.
  public let state: CheckpointState
  private let file: SafetensorsFile

  /// Opens the checkpoint at `path`.
  ///
  /// - Throws: ``DMTError/Code/notFound``, ``DMTError/Code/io``; ``DMTError/Code/invalidData`` when the file is damaged or
  ///   no checkpoint; ``DMTError/Code/unsupported`` when a newer build wrote it.
  public init(path: String) throws(DMTError) {
    let place = DMTError.Place(file: path)
    let file = try SafetensorsFile(path: path)
    guard let text = file.metadata[CheckpointWriter.stateKey] else {
      throw DMTError(
        .invalidData, "the file is no checkpoint: its metadata lacks '\(CheckpointWriter.stateKey)'", place: place)
    }
    let decoder = JSONDecoder()
    // The version is looked at first: a newer format may lack what this build reads.
    guard let header = try? decoder.decode(Header.self, from: Data(text.utf8)) else {
      throw DMTError(.invalidData, "the checkpoint's training state has no format version", place: place)
    }
    guard header.formatVersion == CheckpointState.currentFormatVersion else {
      throw DMTError(
        .unsupported,
        "the checkpoint has format \(header.formatVersion), this build reads \(CheckpointState.currentFormatVersion)",
        place: place, remedy: "read it with the build that wrote it")
    }
    let state: CheckpointState
    do {
      state = try decoder.decode(CheckpointState.self, from: Data(text.utf8))
    } catch {
      throw DMTError(.invalidData, "the checkpoint's training state cannot be read: \(error)", place: place)
    }
    guard state.step >= 0, state.epoch >= 0, state.batchInEpoch >= 0, state.epochLossSamples >= 0 else {
      throw DMTError(.invalidData, "the checkpoint's position is negative", place: place)
    }
    self.path = path
    self.file = file
    self.state = state
  }

  private struct Header: Decodable {
    var formatVersion: Int
  }

  /// Copies the checkpoint's tensors into `parameters`, all of them or, when one does not fit, none.
  ///
  /// - Parameter includesOptimizer: true also fills the optimizer's states; false reads the weights alone.
  /// - Throws: ``DMTError/Code/shapeMismatch`` with every difference between checkpoint and model as a cause.
  public func restore(_ parameters: [TrainableParameter], includesOptimizer: Bool) throws(DMTError) {
    try requireFit(parameters, includesOptimizer: includesOptimizer)
    for parameter in parameters {
      try file.copy(parameter.tensor.name, to: parameter.tensor.bytes)
      guard includesOptimizer else { continue }
      for state in parameter.states {
        try file.copy(CheckpointWriter.stateName(parameter, state), to: state.bytes)
      }
    }
  }

  /// Hands every tensor of `parameters`, whose own memory is not touched, to `take`: its name in the file and its elements,
  /// which are valid during the call.
  ///
  /// - Throws: as ``restore(_:includesOptimizer:)``.
  func restoreParts(
    _ parameters: [TrainableParameter], includesOptimizer: Bool, _ take: (String, UnsafeRawPointer) -> Void
  ) throws(DMTError) {
    try requireFit(parameters, includesOptimizer: includesOptimizer)
    func read(_ tensor: NamedTensor, _ name: String) throws(DMTError) {
      let count = tensor.shape.reduce(tensor.dtype.byteCount, *)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
      defer { buffer.deallocate() }
      try file.copy(name, to: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
      if let base = buffer.baseAddress { take(name, UnsafeRawPointer(base)) }
    }
    for parameter in parameters {
      try read(parameter.tensor, parameter.tensor.name)
      guard includesOptimizer else { continue }
      for state in parameter.states { try read(state, CheckpointWriter.stateName(parameter, state)) }
    }
  }

  private func requireFit(_ parameters: [TrainableParameter], includesOptimizer: Bool) throws(DMTError) {
    let differences = differences(from: parameters, includesOptimizer: includesOptimizer)
    guard differences.isEmpty else {
      throw DMTError(
        .shapeMismatch,
        "the checkpoint does not fit the model: \(differences.count) difference\(differences.count == 1 ? "" : "s")",
        place: .init(file: path),
        remedy: "use the manifest that the checkpoint was trained with (the run folder holds it)", causes: differences)
    }
  }

  /// Every way in which the checkpoint and `parameters` disagree: missing and surplus tensors, shapes, element types,
  /// operator revisions.
  public func differences(from parameters: [TrainableParameter], includesOptimizer: Bool) -> [DMTError] {
    var differences: [DMTError] = []
    var known: Set<String> = []
    func compare(_ tensor: NamedTensor, _ name: String, _ what: String) {
      known.insert(name)
      let expected = "\(tensor.dtype.safetensors.rawValue) [\(tensor.shape.map(String.init).joined(separator: ", "))]"
      guard let entry = file[name] else {
        differences.append(DMTError(.notFound, "\(what) '\(name)' (\(expected)) is not in the checkpoint"))
        return
      }
      if entry.layout != expected {
        differences.append(
          DMTError(.shapeMismatch, "\(what) '\(name)' is \(entry.layout) in the checkpoint, \(expected) in the model"))
      }
    }
    for parameter in parameters {
      let name = parameter.tensor.name
      compare(parameter.tensor, name, "parameter")
      if includesOptimizer {
        for entry in parameter.states {
          compare(entry, CheckpointWriter.stateName(parameter, entry), "optimizer state")
        }
      }
      let revision = CheckpointWriter.revision(parameter)
      // Only what is there and says another thing, or nothing at all, is told here.
      guard file[name] != nil, state.operatorRevisions[name] != revision else { continue }
      let written =
        state.operatorRevisions[name].map { "operator \($0)" } ?? "an operator that the checkpoint does not name"
      differences.append(
        DMTError(
          .unsupported, "parameter '\(name)' was trained with \(written), the model has operator \(revision)",
          remedy: "load the plugin whose operator has that revision, or train again"))
    }
    for entry in file.entries where !known.contains(entry.name) {
      let isState = entry.name.hasPrefix(CheckpointWriter.statePrefix)
      if isState && !includesOptimizer { continue }
      let what = isState ? "optimizer state" : "parameter"
      differences.append(
        DMTError(.invalidData, "\(what) '\(entry.name)' (\(entry.layout)) of the checkpoint is not in the model"))
    }
    return differences
  }
}
