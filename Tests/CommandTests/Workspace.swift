import Foundation
import Testing

/// A folder with a small data set and its manifest, removed when the test lets go of it.
final class Workspace {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/dmt-command-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try write("rows.csv", Self.rows.joined(separator: "\n") + "\n")
    try write("m.yaml", Self.manifest)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
  }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: path + "/" + name)) }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

  /// Names in a folder of the workspace, hidden ones included.
  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder).sorted()
  }

  /// The rows with line `line` (from 1, the header) replaced.
  func writeRows(_ name: String, line: Int, _ text: String) throws {
    var rows = Self.rows
    rows[line - 1] = text
    try write(name, rows.joined(separator: "\n") + "\n")
  }

  /// The manifest with one text replaced by another.
  func writeManifest(_ name: String, _ old: String, _ new: String) throws {
    try #require(Self.manifest.contains(old))
    try write(name, Self.manifest.replacingOccurrences(of: old, with: new))
  }

  /// A header and 400 rows whose label depends on user and item.
  static let rows: [String] =
    ["user,item,tags,price,clicked"]
    + (0..<400).map { row in
      let user = row * 7 % 20
      let item = (row * row + 3 * row) % 15
      let tags = ["", "a", "a|b", "c|d|a", "b"][row % 5]
      let label = (user * 7 + item * 3 + row % 2) % 7 < 3 ? 1 : 0
      return "u\(user),i\(item),\(tags),\(Double(row % 37) / 4),\(label)"
    }

  static let manifest = """
    dmt: 1
    data: {format: csv, path: rows.csv, label: clicked}
    features:
      user: user
      item: item
      tags: {column: tags, separator: "|", pooling: mean}
    dense:
      price: {column: price, transform: [log1p]}
    model:
      dim: 4
      towers:
        reader: {module: mlp, features: [user, tags], widths: [6]}
        thing: {module: mlp, features: [item], widths: [4]}
      over_arch: {module: dcn, layers: 2, widths: [8]}
    train:
      epochs: 3
      batch: 64
      checkpoint_every: 2

    """
}
