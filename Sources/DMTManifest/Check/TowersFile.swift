import DMTCore

/// The towers of a manifest that takes them from a file: `towers: {from: towers.yaml, module: tower.dcn, ..}`.
///
/// `dmt partition` writes such a file; all towers have the module that the manifest names.
///
///     dmt_towers: 1
///     split: {genre: [8, 8]}
///     towers:
///       tower0: [user, "genre#0"]
///       tower1: [book, "genre#1"]
struct TowersFile: Sendable {
  /// The keys that only this form has.
  static let keys = [
    Key("from", .text(.path), .required, "A towers file, as `dmt partition` writes it; relative to the manifest.")
  ]

  /// The towers by name, each a list of features.
  private let towers: [ManifestNode.Entry]
  /// Features with split columns, each a list of widths.
  private let split: [ManifestNode.Entry]
  private let path: String

  /// True when the mapping under `towers` is of this form: a tower named `from` would be a mapping.
  static func isReference(_ towers: ManifestNode) -> Bool { towers["from"]?.scalar != nil }

  /// The file that `root` names, read and checked by itself; nil when it names none.
  ///
  /// - Throws: ``DMTError/Code/notFound``, ``DMTError/Code/io``; ``DMTError/Code/invalidManifest`` with the place in the
  ///   towers file.
  init?(for root: ManifestNode, manifestPath: String) throws(DMTError) {
    guard let reference = root["model"]?["towers"], Self.isReference(reference), let from = reference["from"] else {
      return nil
    }
    guard case .text(let name)? = from.scalar?.value, !name.isEmpty, !name.utf8.contains(0) else {
      throw DMTError(
        .invalidManifest, "model.towers.from is \(from.phrase), expected the path of a towers file",
        place: from.origin.place)
    }
    if let other = reference.entry("count") ?? reference.entry("assign") {
      throw DMTError(
        .invalidManifest, "model.towers has both 'from' and '\(other.key)', expected one of them",
        place: other.keyOrigin.place, remedy: "remove one")
    }
    path = Self.resolved(name, manifestPath: manifestPath)
    let bytes: [UInt8]
    do throws(DMTError) {
      bytes = try ManifestLoader.readFile(path)
    } catch {
      throw DMTError(
        error.code, "the towers file '\(path)' cannot be read: \(error.message)", place: from.origin.place,
        remedy: "make one with `dmt partition`")
    }
    let root = try ManifestNode.parsed(ManifestLoader.decoded(bytes, path: path), file: path)
    (towers, split) = try Self.read(root, path: path)
  }

  private static func resolved(_ name: String, manifestPath: String) -> String {
    guard !name.hasPrefix("/"), let slash = manifestPath.lastIndex(of: "/") else { return name }
    return manifestPath[...slash] + name
  }

  private static func read(
    _ root: ManifestNode, path: String
  ) throws(DMTError) -> (towers: [ManifestNode.Entry], split: [ManifestNode.Entry]) {
    func fault(_ message: String, _ origin: ManifestOrigin, remedy: String? = nil) -> DMTError {
      DMTError(.invalidManifest, message, place: origin.place, remedy: remedy)
    }
    guard let entries = root.entries, case .int(1)? = root["dmt_towers"]?.scalar?.value else {
      throw fault(
        "this is no towers file: it does not begin with 'dmt_towers: 1'", root.origin,
        remedy: "make one with `dmt partition`")
    }
    let known = ["dmt_towers", "split", "towers"]
    if let other = entries.first(where: { !known.contains($0.key) }) {
      throw fault(
        "unknown key '\(other.key)' in the towers file", other.keyOrigin,
        remedy: Spelling.suggestion(for: other.key, in: known))
    }
    guard let towers = root["towers"]?.entries, !towers.isEmpty else {
      throw fault("the towers file has no towers, expected a mapping from names to lists of features", root.origin)
    }
    for tower in towers {
      guard let features = tower.value.elements, !features.isEmpty, features.allSatisfy({ $0.scalar != nil }) else {
        throw fault(
          "tower '\(tower.key)' is \(tower.value.phrase), expected a list of one feature or more", tower.keyOrigin)
      }
    }
    guard let split = root["split"] else { return (towers, []) }
    guard let widths = split.entries else {
      throw fault("split is \(split.phrase), expected a mapping from features to lists of widths", split.origin)
    }
    return (towers, widths)
  }

  /// The manifest with the file's column splits.
  ///
  /// - Throws: ``DMTError/Code/invalidManifest`` when manifest and file both split columns, and when the file was made for
  ///   other features.
  func splitting(_ root: ManifestNode) throws(DMTError) -> ManifestNode {
    guard var rootEntries = root.entries, let modelIndex = rootEntries.firstIndex(where: { $0.key == "model" }),
      case .mapping(var modelEntries) = rootEntries[modelIndex].value.content
    else { return root }
    var result = root
    if !split.isEmpty {
      if let other = modelEntries.first(where: { $0.key == "split" && $0.value.entries?.isEmpty != true }) {
        throw DMTError(
          .invalidManifest, "model.split splits columns, and so does the towers file '\(path)'",
          place: other.keyOrigin.place, remedy: "remove model.split, the file brings its own")
      }
      modelEntries.removeAll { $0.key == "split" }
      modelEntries.append(
        .init(
          key: "split", keyOrigin: split[0].keyOrigin,
          value: ManifestNode(.mapping(split), origin: split[0].keyOrigin)))
      rootEntries[modelIndex].value.content = .mapping(modelEntries)
      result.content = .mapping(rootEntries)
    }
    try checkFeatures(of: result)
    return result
  }

  /// One clear error in place of one for each feature.
  private func checkFeatures(of root: ManifestNode) throws(DMTError) {
    let known = root.towerFeatures
    let named = towers.flatMap { $0.value.elements ?? [] }
    let strange = named.filter { !known.contains($0.scalar?.text ?? "") }
    guard let first = strange.first else { return }
    func list(_ names: [String]) -> String {
      names.prefix(5).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 5 ? ", .." : "")
    }
    let given = Set(named.compactMap { $0.scalar?.text })
    let lacking = known.filter { !given.contains($0) }
    throw DMTError(
      .invalidManifest,
      "the towers file was made for other features: it names \(list(strange.compactMap { $0.scalar?.text })), which the "
        + "manifest does not have" + (lacking.isEmpty ? "" : ", and not \(list(lacking))"), place: first.origin.place,
      remedy: "run `dmt partition` on this manifest")
  }

  /// The towers written out.
  func expanded(_ node: ManifestNode, path: String, errors: inout ManifestErrors) -> [ManifestNode.Entry]? {
    let shared = (node.entries ?? []).filter { $0.key != "from" }
    if let features = shared.first(where: { $0.key == "features" }) {
      errors.add("\(path) has both 'from' and 'features', expected one of them", at: features.keyOrigin)
      return nil
    }
    return towers.map { tower in
      let list = ManifestNode.Entry(key: "features", keyOrigin: tower.keyOrigin, value: tower.value)
      return .init(
        key: tower.key, keyOrigin: tower.keyOrigin,
        value: ManifestNode(.mapping([list] + shared), origin: node.origin))
    }
  }
}
