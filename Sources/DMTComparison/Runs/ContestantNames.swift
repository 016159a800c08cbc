import DMTCore

/// Tells the manifests of a comparison apart, in tables and as folders.
enum ContestantNames {
  /// A name for each manifest: its own; the file's, without the ending, where several share one.
  ///
  /// Characters that do not belong in a folder's name become `-`.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` when two are still the same.
  static func distinct(_ manifests: [(name: String, path: String)]) throws(DMTError) -> [String] {
    let own = manifests.map { folderName($0.name) }
    let names = manifests.enumerated().map { index, manifest in
      own.count { $0 == own[index] } > 1 ? folderName(stem(of: manifest.path)) : own[index]
    }
    for (index, name) in names.enumerated() {
      guard let other = names[..<index].firstIndex(of: name) else { continue }
      throw DMTError(
        .invalidArgument,
        "two manifests have the name '\(name)': \(manifests[other].path) and \(manifests[index].path)",
        remedy: "give one of them another `name`")
    }
    return names
  }

  /// The last part of a path without its ending.
  private static func stem(of path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    guard let dot = file.lastIndex(of: "."), dot != file.startIndex else { return String(file) }
    return String(file[..<dot])
  }

  static func folderName(_ name: String) -> String {
    var result = String(
      name.unicodeScalars.map { scalar -> Character in
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "-_.+".unicodeScalars.contains(scalar)
          ? Character(scalar) : "-"
      })
    // Neither hidden, nor the folder itself or the one above.
    if result.hasPrefix(".") { result = "-" + result.dropFirst() }
    return result.isEmpty ? "model" : result
  }
}
