public import DMTCore
import DMTSafetensors
import Foundation

/// The folder of one training run.
///
/// | file | holds |
/// |---|---|
/// | `manifest.yaml` | the effective manifest: every value as the run used it |
/// | `run.json` | ``RunRecord``: seed, plugins and their hashes, backends, outcome |
/// | `log.jsonl` | a line for every step and evaluation |
/// | `checkpoint.safetensors` | weights, optimizer states and position: what a resumed run starts from |
/// | `manifest.lock` | what the run was locked to, where it was started with --locked |
/// | `ranks/rank-N.jsonl` | the lines of ranks other than 0, where the run has several |
/// | `best.safetensors` | the weights of the best evaluation, where early stopping keeps them |
public struct RunFolder: Sendable, Equatable {
  /// The folder's path.
  public let path: String

  /// Names the folder at `path` without touching it.
  public init(path: String) {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
  }

  /// The effective manifest.
  public var manifestPath: String { path + "/manifest.yaml" }
  /// What the run was locked to.
  public var lockPath: String { path + "/manifest.lock" }
  /// The effective manifest as it was written.
  ///
  /// - Throws: ``DMTError/Code/notFound`` when it cannot be read.
  func manifestText() throws(DMTError) -> String {
    do {
      return try String(contentsOfFile: manifestPath, encoding: .utf8)
    } catch {
      throw DMTError(.notFound, "the run's manifest cannot be read", place: .init(file: manifestPath))
    }
  }
  /// The run's record.
  public var recordPath: String { path + "/run.json" }
  /// The log.
  public var logPath: String { path + "/log.jsonl" }
  /// The folder of the other ranks' logs.
  public var rankLogFolder: String { path + "/ranks" }
  /// The log of a rank other than 0.
  public func rankLogPath(_ rank: Int) -> String { "\(rankLogFolder)/rank-\(rank).jsonl" }
  /// The last checkpoint.
  public var checkpointPath: String { path + "/checkpoint.safetensors" }
  /// The best weights.
  public var bestPath: String { path + "/best.safetensors" }

  /// True when the run has a checkpoint to continue from.
  public var hasCheckpoint: Bool { FileManager.default.fileExists(atPath: checkpointPath) }
  /// True when the run has kept its best weights.
  public var hasBest: Bool { FileManager.default.fileExists(atPath: bestPath) }

  /// Removes the best weights: a run that continues before its first gain has none yet.
  func removeBest() throws(DMTError) {
    guard hasBest else { return }
    do {
      try FileManager.default.removeItem(atPath: bestPath)
    } catch {
      throw DMTError(
        .io, "cannot remove the file: \((error as NSError).localizedDescription)", place: .init(file: bestPath))
    }
  }

  /// The weights that the run stands for: the best ones where early stopping kept them, the last ones otherwise.
  ///
  /// - Throws: ``DMTError/Code/notFound`` when the folder holds neither.
  public func weightsPath() throws(DMTError) -> String {
    for candidate in [bestPath, checkpointPath] where FileManager.default.fileExists(atPath: candidate) {
      return candidate
    }
    throw DMTError(
      .notFound, "the run folder holds no weights (best.safetensors or checkpoint.safetensors)",
      place: .init(file: path),
      remedy: FileManager.default.fileExists(atPath: recordPath)
        ? "the run ended before its first checkpoint; train again" : "name a folder that 'dmt train --out' made")
  }

  private var runFiles: [String] {
    [recordPath, logPath, checkpointPath, bestPath, manifestPath, lockPath, rankLogFolder]
  }

  /// Makes the folder of the other ranks' logs.
  func createRankLogFolder() throws(DMTError) {
    do {
      try FileManager.default.createDirectory(atPath: rankLogFolder, withIntermediateDirectories: true)
    } catch {
      throw DMTError(
        .io, "cannot make the folder: \((error as NSError).localizedDescription)", place: .init(file: rankLogFolder))
    }
  }

  /// Throws ``DMTError/Code/alreadyExists`` when the folder holds a run.
  func requireNoRun() throws(DMTError) {
    guard runFiles.contains(where: { FileManager.default.fileExists(atPath: $0) }) else { return }
    throw DMTError(
      .alreadyExists, "the folder already holds a run", place: .init(file: path),
      remedy: "continue it with --resume, or name another folder with --out")
  }

  /// Makes the folder for a new run and writes manifest and record.
  ///
  /// - Parameter replacing: true removes the run that the folder holds.
  /// - Throws: ``DMTError/Code/alreadyExists`` when it holds a run and `replacing` is false; ``DMTError/Code/io``.
  public func create(manifest: String, record: RunRecord, replacing: Bool = false) throws(DMTError) {
    if !replacing { try requireNoRun() }
    let files = FileManager.default
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      for file in runFiles where files.fileExists(atPath: file) { try files.removeItem(atPath: file) }
    } catch {
      throw DMTError(
        .io, "cannot make the run folder: \((error as NSError).localizedDescription)", place: .init(file: path),
        remedy: "name another folder with --out")
    }
    AtomicFile.removeLeftovers(in: path)
    try AtomicFile.replace(manifestPath, with: Array(manifest.utf8))
    try write(record)
  }

  /// Reads `run.json`.
  ///
  /// - Throws: ``DMTError/Code/notFound``, ``DMTError/Code/invalidData``.
  public func record() throws(DMTError) -> RunRecord {
    guard FileManager.default.fileExists(atPath: recordPath) else {
      throw DMTError(
        .notFound, "this is not a run folder: it has no run.json", place: .init(file: path),
        remedy: "name a folder that 'dmt train --out' made")
    }
    do {
      let record = try JSONDecoder().decode(RunRecord.self, from: Data(contentsOf: URL(fileURLWithPath: recordPath)))
      guard record.formatVersion == 1 else {
        throw DMTError(
          .unsupported, "the run has format \(record.formatVersion), this build reads 1", place: .init(file: recordPath)
        )
      }
      return record
    } catch let error as DMTError {
      throw error
    } catch {
      throw DMTError(.invalidData, "the run's record cannot be read: \(error)", place: .init(file: recordPath))
    }
  }

  /// Replaces `run.json`.
  ///
  /// - Throws: ``DMTError/Code/io``.
  public func write(_ record: RunRecord) throws(DMTError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data: Data
    do {
      data = try encoder.encode(record)
    } catch {
      throw DMTError(.internalError, "the run's record cannot be written: \(error)", place: .init(file: recordPath))
    }
    try AtomicFile.replace(recordPath, with: Array(data) + [UInt8(ascii: "\n")])
  }
}
