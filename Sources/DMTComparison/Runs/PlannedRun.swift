public import DMTCore
public import DMTTraining
import Foundation

/// One run of a comparison: a manifest with a seed, and the folder that holds it.
public struct PlannedRun: Sendable {
  /// How far a run has come.
  public enum State: Sendable {
    /// Nothing has been trained.
    case new
    /// It stopped before its end, or failed; `dmt train --resume` goes on with it.
    case unfinished
    /// It did all that its manifest asks for.
    case finished(RunRecord, RunRecord.Outcome)
  }

  /// The number of its manifest in the comparison.
  public let contestant: Int
  /// The manifest's name in the comparison.
  public let name: String
  /// The run's seed.
  public let seed: UInt64
  /// Where it is trained.
  public let folder: RunFolder
  /// The file that gets what the training prints.
  public let outputPath: String
  let manifestPath: String
  let manifestFingerprint: String
  let dataFingerprint: String

  /// Looks at the folder.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` when it holds a run of another manifest, other data or another seed; errors of
  ///   reading its record.
  public func state() throws(DMTError) -> State {
    guard FileManager.default.fileExists(atPath: folder.recordPath) else { return .new }
    let record = try folder.record()
    var changes: [String] = []
    if record.seed != seed { changes.append("the seed \(record.seed)") }
    if record.manifestFingerprint != manifestFingerprint {
      changes.append("other features, another model or other training settings")
    }
    if record.dataFingerprint != dataFingerprint { changes.append("other data") }
    guard changes.isEmpty else {
      throw DMTError(
        .invalidArgument,
        "the folder holds a run of '\(record.name)' that was begun with \(changes.joined(separator: " and ")) than "
          + "\(manifestPath) with seed \(seed) says now", place: .init(file: folder.path),
        remedy: "undo the change, compare in another folder with --out, or remove this folder")
    }
    guard let outcome = record.outcome, outcome.reason.isFinal, folder.hasCheckpoint else { return .unfinished }
    return .finished(record, outcome)
  }
}
