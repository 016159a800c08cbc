public import DMTCore
import Foundation

/// Reads manifests.
public enum ManifestLoader {
  /// Loads a manifest file.
  ///
  /// - Parameters:
  ///   - path: the file; relative paths in it start at its folder.
  ///   - overrides: `path=value` texts, applied in order before the check.
  ///   - catalog: the names that may be used here.
  /// - Throws: ``DMTError/Code/notFound`` or ``DMTError/Code/io`` when the file cannot be read,
  ///   ``DMTError/Code/invalidManifest`` with file, line and column for everything that is wrong in it (several
  ///   independent errors are the causes of one), ``DMTError/Code/invalidArgument`` for an override's unknown path.
  public static func load(
    path: String, overrides: [String] = [], catalog: ManifestCatalog
  ) throws(DMTError) -> LoadedManifest {
    try load(bytes: readFile(path), path: path, overrides: overrides, catalog: catalog)
  }

  /// Loads a manifest from its text.
  ///
  /// - Parameter path: what the text is called in messages, and where its relative paths start, that of a towers file
  ///   among them; nothing is read from it.
  /// - Throws: as ``load(path:overrides:catalog:)``.
  public static func load(
    text: String, path: String, overrides: [String] = [], catalog: ManifestCatalog
  ) throws(DMTError) -> LoadedManifest {
    try load(bytes: Array(text.utf8), path: path, overrides: overrides, catalog: catalog)
  }

  private static func load(
    bytes: [UInt8], path: String, overrides: [String], catalog: ManifestCatalog
  ) throws(DMTError) -> LoadedManifest {
    let file = DMTError.Place(file: path)
    let text = try decoded(bytes, path: path)
    guard var root = try YAMLReader.read(text, file: path), !root.isNull else {
      throw DMTError(
        .invalidManifest, "the manifest is empty, expected a mapping", place: file, remedy: "start it with 'dmt: 1'")
    }
    let stem = path.split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? ""
    let grammar = ManifestGrammar(catalog: catalog, defaultName: stem.isEmpty ? "model" : stem)
    if root.entries != nil {
      for override in overrides { root = try ManifestOverride(override).applied(to: root, grammar: grammar) }
    }
    let towersFile = try TowersFile(for: root, manifestPath: path)
    if let towersFile { root = try towersFile.splitting(root) }
    let featureNames = root.towerFeatures
    var checker = ManifestChecker(featureNames: featureNames, towersFile: towersFile)
    let start = ManifestOrigin.file(path, line: 1, column: 1)
    let effective = checker.checked(root, .record(grammar.root), path: "", keyOrigin: start)
    var errors = checker.errors
    if let effective {
      var rules = ManifestRules(
        root: effective, catalog: catalog, featureNames: featureNames, isWhole: errors.errors.isEmpty)
      rules.check()
      for error in rules.errors.errors { errors.append(error) }
    }
    try errors.throwIfAny(file: path)
    guard let effective else {
      throw DMTError(.internalError, "the manifest's check failed without a complaint", place: file)
    }
    let manifest = try ManifestDecoder(catalog: catalog).manifest(NodeReader(node: effective), path: path)
    return LoadedManifest(manifest: manifest, tree: effective)
  }

  /// The largest manifest that is read; anything larger is a data file given by mistake.
  private static let maximumBytes = 16 << 20

  static func readFile(_ path: String) throws(DMTError) -> [UInt8] {
    let place = DMTError.Place(file: path)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DMTError(.notFound, "there is no such manifest", place: place, remedy: remedy(forMissing: path))
    }
    guard !isFolder.boolValue else {
      throw DMTError(
        .invalidArgument, "this is a folder, expected a manifest file", place: place, remedy: remedy(forMissing: path))
    }
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      let data = try handle.read(upToCount: maximumBytes + 1) ?? Data()
      guard data.count <= maximumBytes else {
        throw DMTError(
          .invalidManifest, "the file is larger than \(maximumBytes >> 20) MiB, expected a manifest", place: place)
      }
      return Array(data)
    } catch let error as DMTError {
      throw error
    } catch {
      throw DMTError(.io, "the manifest cannot be read: \(error.localizedDescription)", place: place)
    }
  }

  private static func remedy(forMissing path: String) -> String? {
    let url = URL(fileURLWithPath: path)
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let folder = exists && isFolder.boolValue ? url : url.deletingLastPathComponent()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let manifests = names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
    return manifests.isEmpty ? nil : Spelling.suggestion(for: url.lastPathComponent, in: manifests)
  }

  /// The text of the bytes, or an error at the first one that is not UTF-8.
  static func decoded(_ bytes: [UInt8], path: String) throws(DMTError) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var line = 1
    var column = 1
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    scan: while true {
      switch decoder.decode(&iterator) {
      case .scalarValue("\n"): (line, column) = (line + 1, 1)
      case .scalarValue: column += 1
      case .emptyInput, .error: break scan
      }
    }
    throw DMTError(
      .invalidManifest, "the file is not UTF-8 text", place: DMTError.Place(file: path, line: line, column: column),
      remedy: "save it as UTF-8")
  }
}

extension ManifestNode {
  /// The tree of a text as it was written, before any check: no short form written out, no default filled in.
  ///
  /// - Throws: ``DMTError/Code/invalidManifest`` with line and column for text that is not YAML or holds nothing.
  public static func parsed(_ text: String, file: String) throws(DMTError) -> ManifestNode {
    guard let root = try YAMLReader.read(text, file: file) else {
      throw DMTError(.invalidManifest, "the text is empty, expected YAML", place: DMTError.Place(file: file))
    }
    return root
  }
}
