import Crypto
package import DMTCore
package import DMTManifest

/// A hash of everything in a manifest that decides the weights, apart from the data, which have a fingerprint of their own.
///
/// Names, places, paths, backends, threads and how often a checkpoint is kept do not count: a run may be continued with
/// others. It is taken of the effective manifest as it was written into the run folder, so that a later version whose
/// modules know further attributes (with their defaults) still opens the run.
enum ManifestFingerprint {
  private static let sections = ["features", "dense", "model", "train"]
  private static let ignoredTrainKeys: Set<String> = ["threads", "checkpoint_every"]

  /// 64 hex digits for the text of an effective manifest.
  ///
  /// - Throws: ``DMTError/Code/invalidManifest`` when the text is no YAML.
  static func of(text: String, path: String) throws(DMTError) -> String {
    of(try ManifestNode.parsed(text, file: path))
  }

  /// 64 hex digits for a manifest's tree.
  static func of(_ tree: ManifestNode) -> String {
    var text = "dmt manifest 1\n"
    for name in sections {
      text += "\(name):"
      if let node = tree[name] { write(node, to: &text, ignoring: name == "train" ? ignoredTrainKeys : []) }
      text += "\n"
    }
    return SHA256.hash(data: Array(text.utf8)).hexadecimal
  }

  /// Writes a tree so that different trees give different texts: every scalar with its length.
  private static func write(_ node: ManifestNode, to text: inout String, ignoring ignored: Set<String> = []) {
    if let entries = node.entries {
      text += "{"
      for entry in entries where !ignored.contains(entry.key) {
        text += "\(entry.key.utf8.count):\(entry.key)="
        write(entry.value, to: &text)
      }
      text += "}"
    } else if let elements = node.elements {
      text += "["
      for element in elements { write(element, to: &text) }
      text += "]"
    } else {
      let scalar = node.scalar?.text ?? ""
      text += "\(scalar.utf8.count):\(scalar);"
    }
  }
}

extension LoadedManifest {
  /// What ``RunRecord/manifestFingerprint`` of a run of this manifest is.
  ///
  /// - Throws: ``DMTError/Code/invalidManifest``.
  package func fingerprint() throws(DMTError) -> String {
    try ManifestFingerprint.of(text: portableYAML, path: manifest.path)
  }
}
