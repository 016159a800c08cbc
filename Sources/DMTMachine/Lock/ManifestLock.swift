public import DMTCore
import Foundation

/// What a manifest's model is made of on the machine where it was locked: plugins by version and hash, operators by revision.
public struct ManifestLock: Sendable, Equatable, Codable {
  /// The format that this build reads and writes.
  static let currentFormat = 1

  /// A plugin and what the manifest takes from it.
  public struct Plugin: Sendable, Equatable, Codable {
    public var id: String
    public var version: String
    /// Of its library, in hexadecimal.
    public var sha256: String
    /// `KIND NAME`: `module tower.dcn`, `backend onednn`.
    public var uses: [String]

    public init(id: String, version: String, sha256: String, uses: [String]) {
      self.id = id
      self.version = version
      self.sha256 = sha256
      self.uses = uses
    }
  }

  var formatVersion = ManifestLock.currentFormat
  /// The pipeline's name.
  public var manifest: String
  /// The plugin contract's version.
  public var contract: String
  /// By id.
  public var plugins: [Plugin]
  /// Every operator of the graph, and `embedding_bag`, with its revision.
  public var operators: [String: Int]

  public init(manifest: String, contract: String, plugins: [Plugin], operators: [String: Int]) {
    self.manifest = manifest
    self.contract = contract
    self.plugins = plugins
    self.operators = operators
  }

  /// Where the lock of the manifest at `path` lies: `m.lock` beside `m.yaml`.
  public static func path(forManifest path: String) -> String {
    for ending in [".yaml", ".yml"] where path.hasSuffix(ending) {
      return String(path.dropLast(ending.count)) + ".lock"
    }
    return path + ".lock"
  }

  /// Reads the lock at `path`.
  ///
  /// - Throws: ``DMTError/Code/notFound``, ``DMTError/Code/invalidData``; ``DMTError/Code/unsupported`` for another format.
  public init(path: String) throws(DMTError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DMTError(
        .notFound, "there is no lock", place: .init(file: path), remedy: "`dmt lock MANIFEST` makes it")
    }
    struct Header: Decodable { var formatVersion: Int }
    guard let header = try? JSONDecoder().decode(Header.self, from: data) else {
      throw DMTError(
        .invalidData, "the file is no lock", place: .init(file: path), remedy: "`dmt lock MANIFEST` makes it anew")
    }
    guard header.formatVersion == Self.currentFormat else {
      throw DMTError(
        .unsupported, "the lock has format \(header.formatVersion), this dmt reads \(Self.currentFormat)",
        place: .init(file: path), remedy: "`dmt lock MANIFEST` makes it anew")
    }
    do {
      self = try JSONDecoder().decode(ManifestLock.self, from: data)
    } catch {
      throw DMTError(
        .invalidData, "the lock cannot be read: \(error)", place: .init(file: path),
        remedy: "`dmt lock MANIFEST` makes it anew")
    }
  }

  /// The lock as it is written.
  public var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Texts and whole numbers alone: there is nothing that JSON cannot say.
    return ((try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "") + "\n"
  }
}
